import { setTimeout as pause } from 'node:timers/promises';
import type { Experiment } from '../experiment.ts';
import { everyAssertionHasItsRow, recoversBy, recovery } from '../stage/books.ts';
import { serverOf, slowDownAudit } from '../stage/database.ts';
import { type Load, startLoad } from '../stage/load.ts';
import { killWithChildren } from '../stage/processes.ts';
import { type Stage, withStage } from '../stage/stage.ts';

const CUTS = 3;
const SIGN_ONS_BEFORE = 150;

/** Kills the service and its PostgreSQL in the middle of sign-ons, and starts them again. @returns seconds until it works */
async function cutPower(stage: Stage, load: Load): Promise<number> {
  const { instance } = stage;
  killWithChildren(serverOf(stage));
  await instance.end('SIGKILL');
  await load.stop();
  const began = performance.now();
  await instance.start();
  return recovery(stage, stage.instances, began);
}

export const powerCut: Experiment = {
  name: 'power-cut',
  purpose: 'the service and its own PostgreSQL are killed under load, also right after the master key was rotated',
  databases: ['embedded'],
  run: ({ database, chance }) =>
    withStage(database, {}, async (stage) => {
      await slowDownAudit(stage);
      const seconds: number[] = [];
      const received = [];
      for (let cut = 1; cut <= CUTS + 1; cut += 1) {
        const load = startLoad(stage);
        await load.more(SIGN_ONS_BEFORE);
        if (cut > CUTS) await stage.operator.run(['master-key', 'rotate']);
        else await pause(chance.between(0, 50));
        seconds.push(await cutPower(stage, load));
        received.push(...load.received());
      }
      return [
        await everyAssertionHasItsRow(stage, received),
        recoversBy(`signs on and is ready after each of ${CUTS} cuts`, Math.max(...seconds.slice(0, CUTS))),
        recoversBy('the same right after master-key rotate', seconds.at(-1) ?? Number.POSITIVE_INFINITY),
      ];
    }),
};
