import { afterEach, beforeEach } from 'vitest';
import { makeDataDir, startUserProcess, type UserProcess } from '../../../support/postgres/embedded-server.ts';

/** A DATA_DIR for each test of a file, and processes that use it. Both are gone after the test. */
export function useDataDir() {
  let made: Awaited<ReturnType<typeof makeDataDir>> | undefined;
  let processes: UserProcess[] = [];
  const get = () => {
    if (made === undefined) throw new Error('There is no DATA_DIR yet: use it inside a test or a hook.');
    return made;
  };
  beforeEach(async () => {
    made = await makeDataDir();
  });
  afterEach(async () => {
    for (const one of processes) one.kill('SIGKILL');
    await Promise.all(processes.map(({ ended }) => ended));
    processes = [];
    await get().remove();
  });
  return {
    get dataDir(): string {
      return get().dataDir;
    },
    /** Starts a process that uses the database of the DATA_DIR. */
    start(options?: Parameters<typeof startUserProcess>[1]): UserProcess {
      const one = startUserProcess(get().dataDir, options);
      processes.push(one);
      return one;
    },
  };
}
