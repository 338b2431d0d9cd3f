import { setTimeout as pause } from 'node:timers/promises';
import type { Experiment, Fact } from '../experiment.ts';
import { activeKey, handOver, switchFacts, watchSignOns } from '../stage/service-provider.ts';
import { withStage } from '../stage/stage.ts';

const ROUND_TRIPS_MS = [100, 200, 300];
const SIGN_ONS_BEFORE = 20;
/** Until everything that was held up has arrived. */
const AFTERWARDS_MS = 5_000;

export const slowNetworkSwitch: Experiment = {
  name: 'slow-network-switch',
  purpose: `switches on fetch over a network to PostgreSQL with a round trip of ${ROUND_TRIPS_MS.join(', ')} ms`,
  databases: ['PostgreSQL'],
  run: ({ database }) =>
    withStage(database, { instances: 2 }, async (stage) => {
      const facts: Fact[] = [];
      for (const [turn, roundTrip] of ROUND_TRIPS_MS.entries()) {
        const before = await activeKey(stage);
        const url = await handOver(stage);
        const watched = await watchSignOns(stage);
        for (const cable of stage.cables) cable.delay(roundTrip);
        await watched.more(SIGN_ONS_BEFORE);
        const fetchedFrom = stage.instances[turn % stage.instances.length];
        if (fetchedFrom === undefined) throw new Error('The stage has no instance.');
        await watched.save(url, fetchedFrom);
        await pause(AFTERWARDS_MS);
        await watched.stop();
        for (const cable of stage.cables) cable.delay(0);
        facts.push(...(await switchFacts(watched, stage, before, `, ${roundTrip} ms`)));
      }
      return facts;
    }),
};
