import { setTimeout as pause } from 'node:timers/promises';
import { atMost, type Experiment, measured } from '../experiment.ts';
import { everyAssertionHasItsRow, everyProcessLives, onlyUnavailable, recoversBy, recovery } from '../stage/books.ts';
import { turnReadOnly } from '../stage/database.ts';
import { statusOf } from '../stage/instance.ts';
import { startLoad } from '../stage/load.ts';
import { withStage } from '../stage/stage.ts';

const LOOKS = 32;
const LOOK_EVERY_MS = 250;
/** Whether it can be written is not tried at every look. */
const UNREADY_WITHIN_S = 6;

export const readOnly: Experiment = {
  name: 'read-only',
  purpose: 'the database becomes read-only and writable again, as in a failover',
  databases: ['PostgreSQL'],
  run: ({ database }) =>
    withStage(database, {}, async (stage) => {
      const load = startLoad(stage);
      await load.more(50);
      await turnReadOnly(stage, true);
      const began = performance.now();
      const isUnready = async () => (await statusOf(`${stage.instance.url}/health/ready`)) === 503;
      let unreadyAfter = Number.POSITIVE_INFINITY;
      let unready = 0;
      for (let look = 0; look < LOOKS; look += 1) {
        await pause(LOOK_EVERY_MS);
        if (!(await isUnready())) continue;
        unreadyAfter = Math.min(unreadyAfter, (performance.now() - began) / 1_000);
        unready += 1;
      }
      const back = performance.now();
      await turnReadOnly(stage, false);
      const seconds = await recovery(stage, stage.instances, back);
      await load.more(50);
      await load.stop();
      return [
        onlyUnavailable(load),
        atMost('/health/ready says so after', unreadyAfter, UNREADY_WITHIN_S, 's'),
        measured('answers of /health/ready with 503', unready, `of ${LOOKS}`),
        recoversBy('signs on and is ready once it is writable', seconds),
        await everyAssertionHasItsRow(stage, load.received()),
        everyProcessLives(stage),
      ];
    }),
};
