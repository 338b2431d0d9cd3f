import { createTurns } from './turns.ts';

/** Limits of a queue. */
interface FairQueueLimits {
  /** How many pieces of work run at the same time. */
  readonly atOnce: number;
  /** How many wait, in all. */
  readonly waiting: number;
  /** How many wait for one owner. */
  readonly each: number;
  /** How long one waits, in milliseconds. */
  readonly withinMs: number;
}

/** There is no room in the queue, or the work waited too long. */
export class QueueFull extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'QueueFull';
  }
}

/** Work that takes turns. */
export interface FairQueue {
  /**
   * Runs the work when its turn comes. Owners take turns, so that one who sends a great deal waits for themselves.
   *
   * @param owner whose work it is
   * @param gone removes the work from the queue when it is aborted
   * @throws QueueFull; the reason of `gone`; what the work throws
   */
  run<Result>(owner: string, work: () => Promise<Result>, gone?: AbortSignal): Promise<Result>;
}

interface Waiting {
  readonly begin: () => void;
  readonly refuse: (error: unknown) => void;
}

/** Makes a queue whose length is limited, and in which nobody can displace the others. */
export function createFairQueue({ atOnce, waiting: most, each, withinMs }: FairQueueLimits): FairQueue {
  const waiting = createTurns<Waiting>();
  let running = 0;

  /** Frees one place if another owner has at least two more than this one. @returns whether there is a place */
  function makeRoom(own: number): boolean {
    if (waiting.size < most) return true;
    const longest = waiting.longest() ?? '';
    const last = waiting.of(longest).at(-1);
    if (last === undefined || waiting.of(longest).length < own + 2) return false;
    waiting.remove(longest, last);
    last.refuse(new QueueFull('others need the place'));
    return true;
  }

  async function turn(owner: string, gone: AbortSignal | undefined): Promise<void> {
    if (running < atOnce) {
      running += 1;
      return;
    }
    const own = waiting.of(owner).length;
    if (own >= each) throw new QueueFull(`${own} are waiting for the same owner`);
    if (!makeRoom(own)) throw new QueueFull(`${waiting.size} are waiting`);
    await new Promise<void>((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        gone?.removeEventListener('abort', leave);
      };
      const entry: Waiting = {
        begin() {
          settle();
          running += 1;
          resolve();
        },
        refuse(error) {
          settle();
          reject(error);
        },
      };
      const giveUp = (error: unknown) => {
        if (waiting.remove(owner, entry)) entry.refuse(error);
      };
      const leave = () => giveUp(gone?.reason);
      const timer = setTimeout(() => giveUp(new QueueFull(`it waited for ${withinMs} ms`)), withinMs);
      gone?.addEventListener('abort', leave);
      waiting.push(owner, entry);
    });
  }

  return {
    async run(owner, work, gone) {
      gone?.throwIfAborted();
      await turn(owner, gone);
      try {
        return await work();
      } finally {
        running -= 1;
        if (running < atOnce) waiting.shift()?.begin();
      }
    },
  };
}
