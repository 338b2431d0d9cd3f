import { setTimeout as pause } from 'node:timers/promises';
import { all, type Experiment } from '../experiment.ts';
import { everyAssertionHasItsRow, everyProcessLives, onlyUnavailable, recoversBy, recovery } from '../stage/books.ts';
import { turnReadOnly } from '../stage/database.ts';
import { statusOf } from '../stage/instance.ts';
import { startLoad } from '../stage/load.ts';
import { withStage } from '../stage/stage.ts';

const LOOKS = 5;
const LOOK_EVERY_MS = 500;

export const readOnly: Experiment = {
  name: 'read-only',
  purpose: 'the database becomes read-only and writable again, as in a failover',
  databases: ['PostgreSQL'],
  run: ({ database }) =>
    withStage(database, {}, async (stage) => {
      const load = startLoad(stage);
      await load.more(50);
      await turnReadOnly(stage, true);
      const ready: (number | undefined)[] = [];
      for (let look = 0; look < LOOKS; look += 1) {
        await pause(LOOK_EVERY_MS);
        ready.push(await statusOf(`${stage.instance.url}/health/ready`));
      }
      const back = performance.now();
      await turnReadOnly(stage, false);
      const seconds = await recovery(stage, stage.instances, back);
      await load.more(50);
      await load.stop();
      return [
        onlyUnavailable(load),
        all('answers of /health/ready that were 503', ready.filter((status) => status === 503).length, LOOKS),
        recoversBy('signs on and is ready once it is writable', seconds),
        await everyAssertionHasItsRow(stage, load.received()),
        everyProcessLives(stage),
      ];
    }),
};
