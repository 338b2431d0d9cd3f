import { setTimeout as pause } from 'node:timers/promises';
import { type Experiment, measured } from '../experiment.ts';
import { everyAssertionHasItsRow, everyProcessLives, onlyUnavailable, recoversBy, recovery } from '../stage/books.ts';
import { statusOf } from '../stage/instance.ts';
import { startLoad } from '../stage/load.ts';
import { at, handOver } from '../stage/service-provider.ts';
import { withStage } from '../stage/stage.ts';

/** Longer than sign-ons are held up by the switch, so that some are refused. */
const CUT_MS = 4_000;
const FETCHED_WITHIN_MS = 30_000;

export const cutInTransaction: Experiment = {
  name: 'cut-in-transaction',
  purpose: 'every connection to PostgreSQL is cut inside the transaction that switches keys',
  databases: ['PostgreSQL'],
  run: ({ database }) =>
    withStage(database, {}, async (stage) => {
      const { instance, cable } = stage;
      const url = await handOver(stage);
      const load = startLoad(stage);
      await load.more(50);
      const cut = new Promise<void>((resolve) => {
        const end = cable.onRequest('update "one_time_metadata"', () => {
          end();
          void cable.cut().then(resolve);
        });
      });
      const fetched = statusOf(at(instance, url), FETCHED_WITHIN_MS);
      await cut;
      await pause(CUT_MS);
      const mended = performance.now();
      await cable.mend();
      await fetched;
      const seconds = await recovery(stage, stage.instances, mended);
      await load.more(100);
      await load.stop();
      return [
        everyProcessLives(stage),
        onlyUnavailable(load),
        measured('of these 503', load.signOns.filter(({ answer }) => answer === '503').length, 'sign-ons'),
        recoversBy('signs on and is ready after the cut', seconds),
        await everyAssertionHasItsRow(stage, load.received()),
      ];
    }),
};
