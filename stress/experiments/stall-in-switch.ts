import { setTimeout as pause } from 'node:timers/promises';
import { atMost, type Experiment } from '../experiment.ts';
import { everyAssertionHasItsRow, everyProcessLives, recoversBy, recovery } from '../stage/books.ts';
import { statusOf } from '../stage/instance.ts';
import { startLoad } from '../stage/load.ts';
import { at, handOver } from '../stage/service-provider.ts';
import { withStage } from '../stage/stage.ts';

/** Longer than the driver waits for an answer, and than the server keeps a transaction that is idle. */
const STALL_MS = 13_500;
const FETCHED_WITHIN_MS = 60_000;

/** Connections whose transaction has been open for longer than any of ours takes. */
const OPEN = `select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
  and xact_start < now() - interval '2 seconds'`;

export const stallInSwitch: Experiment = {
  name: 'stall-in-switch',
  purpose: 'the way to PostgreSQL stalls for 13.5 s inside the transaction that switches keys',
  databases: ['PostgreSQL'],
  run: ({ database }) =>
    withStage(database, {}, async (stage) => {
      const { instance, cable } = stage;
      const url = await handOver(stage);
      const load = startLoad(stage);
      await load.more(100);
      const stalled = new Promise<void>((resolve) => {
        const end = cable.onRequest('update "one_time_metadata"', () => {
          end();
          cable.stall('requests', 'answers');
          resolve();
        });
      });
      const fetched = statusOf(at(instance, url), FETCHED_WITHIN_MS);
      await stalled;
      await pause(STALL_MS);
      const resumed = performance.now();
      cable.resume();
      await fetched;
      const seconds = await recovery(stage, stage.instances, resumed);
      await load.more(300);
      const open = await stage.query(OPEN);
      await load.stop();
      return [
        await everyAssertionHasItsRow(stage, load.received()),
        atMost('connections left inside a transaction', open.length, 0, ''),
        recoversBy('signs on and is ready after the stall', seconds),
        everyProcessLives(stage),
      ];
    }),
};
