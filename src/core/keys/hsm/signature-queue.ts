import { HsmError } from './hsm-error.ts';
import { MAX_SESSIONS } from './sessions.ts';

/** Signatures that wait for the HSM. Their time limit begins when they are sent to it. */
export interface SignatureQueue {
  /**
   * Runs the work when its turn comes.
   *
   * @param last whether all other work goes first
   * @throws HsmError busy if it waits too long; what the work throws
   */
  run<Result>(work: () => Promise<Result>, last: boolean): Promise<Result>;
  /** @throws HsmError busy if new work would probably wait too long: call it before anything is written */
  refuseIfLong(): void;
}

/** Longer than this, nobody gets into the line: the work before them already waits. */
const LONG_MS = 3_000;
/** Nothing waits longer: what got in is usually signed by then, because nobody else does. */
const LONGEST_MS = 15_000;
const MOST = 1_000;

interface Waiting {
  readonly since: number;
  readonly begin: () => void;
}

export function createSignatureQueue(): SignatureQueue {
  const lines: { readonly first: Waiting[]; readonly last: Waiting[] } = { first: [], last: [] };
  let running = 0;
  let runningLast = 0;

  const busy = () => new HsmError('busy', 'More signatures are waiting for the HSM than it can make in time.');

  function next(): void {
    // Work that goes last takes one session at most, so that it never holds up work that goes first.
    const line = lines.first.length > 0 ? lines.first : runningLast === 0 ? lines.last : [];
    if (running < MAX_SESSIONS) line.shift()?.begin();
  }

  function turn(last: boolean): Promise<void> {
    const line = last ? lines.last : lines.first;
    if (line.length >= MOST) return Promise.reject(busy());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        line.splice(line.indexOf(waiting), 1);
        reject(busy());
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
      line.push(waiting);
      next();
    });
  }

  return {
    async run(work, last) {
      await turn(last);
      try {
        return await work();
      } finally {
        running -= 1;
        if (last) runningLast -= 1;
        next();
      }
    },
    refuseIfLong() {
      const [oldest] = lines.first;
      if (lines.first.length >= MOST || (oldest !== undefined && performance.now() - oldest.since > LONG_MS))
        throw busy();
    },
  };
}
