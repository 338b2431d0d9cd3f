import { createTurns } from '../../../platform/util/turns.ts';
import { HsmError } from './hsm-error.ts';
import { MAX_SESSIONS } from './sessions.ts';

/** Signatures that wait for the HSM. Their time limit begins when they are sent to it. Keys, and so billers, take turns. */
export interface SignatureQueue {
  /**
   * Runs the work when its turn comes.
   *
   * @param last whether all other work goes first
   * @throws HsmError busy if it waits too long; what the work throws
   */
  run<Result>(key: string, work: () => Promise<Result>, last: boolean): Promise<Result>;
  /** @throws HsmError busy if new work would probably wait too long: call it before anything is written */
  refuseIfLong(key: string): void;
}

/** If the first in a line has waited longer, nobody else gets into it. */
const LONG_MS = 3_000;
/** Nothing waits longer: what got in is usually signed by then, because nobody else does. */
const LONGEST_MS = 15_000;
const MOST = 1_000;

interface Waiting {
  readonly since: number;
  readonly begin: () => void;
}

export function createSignatureQueue(): SignatureQueue {
  const lines = { first: createTurns<Waiting>(), last: createTurns<Waiting>() };
  let running = 0;
  let runningLast = 0;

  const busy = () => new HsmError('busy', 'More signatures are waiting for the HSM than it can make in time.');

  function next(): void {
    if (running >= MAX_SESSIONS) return;
    // Work that goes last takes one session at most, so that it never holds up work that goes first.
    const entry = lines.first.shift() ?? (runningLast === 0 ? lines.last.shift() : undefined);
    entry?.begin();
  }

  function turn(key: string, last: boolean): Promise<void> {
    const line = last ? lines.last : lines.first;
    if (line.size >= MOST) return Promise.reject(busy());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        if (line.remove(key, waiting)) reject(busy());
      }, LONGEST_MS);
      const waiting: Waiting = {
        since: performance.now(),
        begin() {
          clearTimeout(timer);
          running += 1;
          if (last) runningLast += 1;
          resolve();
        },
      };
      line.push(key, waiting);
      next();
    });
  }

  return {
    async run(key, work, last) {
      await turn(key, last);
      try {
        return await work();
      } finally {
        running -= 1;
        if (last) runningLast -= 1;
        next();
      }
    },
    refuseIfLong(key) {
      const [oldest] = lines.first.of(key);
      const isLong = oldest !== undefined && performance.now() - oldest.since > LONG_MS;
      if (isLong || lines.first.size >= MOST) throw busy();
    },
  };
}
