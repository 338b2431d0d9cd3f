import { progress } from '../part.ts';
import { type Helper, nextMessage } from '../process.ts';
import { type Service, startService } from '../service.ts';
import type { Row, Table } from '../table.ts';
import { FULL_LOAD, type Side } from './cost.ts';
import type { LoadOrder, LoadResult } from './load.ts';
import { profileTables } from './profile.ts';
import type { WatchOrder, WatchReport } from './watched-service.ts';

export const WATCHED_SERVICE = new URL('./watched-service.ts', import.meta.url);
const WARM_UP_MS = 5_000;
const WATCH_MS = 15_000;
const PROFILE_MS = 6_000;

async function tellWatcher<Answer>({ child }: Service, order: WatchOrder): Promise<Answer> {
  const answer = nextMessage<Answer>(child);
  child.send(order);
  return answer;
}

/** Starts the service with its watcher and warms it up; stops it whatever happens in between. */
async function watched<Result>(
  { installation, signedIn }: Side,
  load: Helper,
  work: (service: Service, ask: (order: Partial<LoadOrder>) => Promise<LoadResult>) => Promise<Result>,
): Promise<Result> {
  const service = await startService(installation, WATCHED_SERVICE);
  const base = { port: installation.port, signedIn: signedIn.assertion };
  const ask = (order: Partial<LoadOrder>) => load.ask<LoadResult>({ ...base, ...order });
  try {
    await ask({ kind: 'closed', connections: FULL_LOAD, milliseconds: WARM_UP_MS });
    return await work(service, ask);
  } finally {
    await service.stop();
  }
}

/**
 * How long a sign-on takes while the service has half of what it can do to do. Sign-ons begin at a fixed rate, whether
 * or not the ones before have ended.
 *
 * @param capacity sign-ons a second
 */
export async function halfCapacity(side: Side, load: Helper, capacity: number): Promise<Row> {
  progress(`http: half of the capacity, ${side.installation.kind}`);
  return watched(side, load, async (service, ask) => {
    await tellWatcher(service, 'watch');
    const result = await ask({ kind: 'open', rate: capacity / 2, milliseconds: WATCH_MS });
    const { longestHold } = await tellWatcher<WatchReport>(service, 'report');
    const { p50, p99, longest, signOns, milliseconds } = result;
    return {
      database: side.installation.kind,
      rate: (signOns * 1000) / milliseconds,
      p50,
      p99,
      longest,
      longestHold,
    };
  });
}

export const halfCapacityTable = (rows: readonly Row[]): Table => ({
  key: 'half-capacity',
  title: `At half of the measured capacity, --sign assertion, for ${WATCH_MS / 1000} s`,
  columns: [
    { key: 'database', heading: 'database' },
    { key: 'rate', heading: 'a second' },
    { key: 'p50', heading: 'p50, ms', digits: 2 },
    { key: 'p99', heading: 'p99, ms', digits: 2 },
    { key: 'longest', heading: 'longest, ms', digits: 1 },
    { key: 'longestHold', heading: 'event loop held, longest, ms', digits: 1 },
  ],
  rows,
});

/** @param work what a watched service does meanwhile @returns where its CPU went, for each of what `work` counted */
export async function profiled(service: Service, title: string, work: () => Promise<number>): Promise<Table[]> {
  await tellWatcher(service, 'profile');
  const count = await work();
  const { profile } = await tellWatcher<WatchReport>(service, 'report');
  if (profile === undefined) throw new Error('The service made no profile.');
  return profileTables('profile', title, profile, count);
}

/** Where the CPU goes at full load. */
export async function whereTheCpuGoes(side: Side, load: Helper): Promise<Table[]> {
  progress(`http: profile, ${side.installation.kind}`);
  return watched(side, load, (service, ask) =>
    profiled(service, `${side.installation.kind}, --sign assertion`, async () => {
      const { signOns } = await ask({ kind: 'closed', connections: FULL_LOAD, milliseconds: PROFILE_MS });
      return signOns;
    }),
  );
}
