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
  /** In the order of their turns. An owner without waiting work is not listed. */
  const owners = new Map<string, Waiting[]>();
  let waiting = 0;
  let running = 0;

  function remove(owner: string, entry: Waiting): void {
    const own = owners.get(owner) ?? [];
    const index = own.indexOf(entry);
    if (index < 0) return;
    own.splice(index, 1);
    waiting -= 1;
    if (own.length === 0) owners.delete(owner);
  }

  /** Frees one place if another owner has at least two more than this one. @returns whether there is a place */
  function makeRoom(own: number): boolean {
    if (waiting < most) return true;
    const [owner, longest] = [...owners].reduce((a, b) => (b[1].length > a[1].length ? b : a));
    const last = longest.at(-1);
    if (last === undefined || longest.length < own + 2) return false;
    remove(owner, last);
    last.refuse(new QueueFull('others need the place'));
    return true;
  }

  function next(): void {
    const [first] = owners;
    if (first === undefined || running >= atOnce) return;
    const [owner, own] = first;
    const entry = own.shift();
    waiting -= 1;
    // To the end of the line.
    owners.delete(owner);
    if (own.length > 0) owners.set(owner, own);
    entry?.begin();
  }

  async function turn(owner: string, gone: AbortSignal | undefined): Promise<void> {
    if (running < atOnce) {
      running += 1;
      return;
    }
    const own = owners.get(owner)?.length ?? 0;
    if (own >= each) throw new QueueFull(`${own} are waiting for the same owner`);
    if (!makeRoom(own)) throw new QueueFull(`${waiting} are waiting`);
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
      const leave = () => {
        remove(owner, entry);
        entry.refuse(gone?.reason);
      };
      const timer = setTimeout(() => {
        remove(owner, entry);
        entry.refuse(new QueueFull(`it waited for ${withinMs} ms`));
      }, withinMs);
      gone?.addEventListener('abort', leave);
      owners.set(owner, [...(owners.get(owner) ?? []), entry]);
      waiting += 1;
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
        next();
      }
    },
  };
}
