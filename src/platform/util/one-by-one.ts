/** More are waiting for the same owner than may. */
export class TooManyWaiting extends Error {
  override readonly name = 'TooManyWaiting';
}

/**
 * Runs the work of each owner one after the other, in order.
 *
 * @param most how much of one owner may be under way and waiting
 * @returns a function that runs work of an owner @throws TooManyWaiting
 */
export function createOneByOne(most: number): <Result>(owner: string, work: () => Promise<Result>) => Promise<Result> {
  const queues = new Map<string, { size: number; last: Promise<unknown> }>();
  return async (owner, work) => {
    const queue = queues.get(owner) ?? { size: 0, last: Promise.resolve() };
    if (queue.size >= most) throw new TooManyWaiting(`${most} are waiting`);
    queue.size += 1;
    queues.set(owner, queue);
    const running = queue.last.then(work);
    queue.last = running.catch(() => undefined);
    try {
      return await running;
    } finally {
      queue.size -= 1;
      if (queue.size === 0) queues.delete(owner);
    }
  };
}
