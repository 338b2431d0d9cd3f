import { setTimeout as pause } from 'node:timers/promises';
import { type Experiment, none } from '../experiment.ts';
import { statusOf } from '../stage/instance.ts';
import { activeKey, at, handOver, switchFacts, watchSignOns } from '../stage/service-provider.ts';
import { withStage } from '../stage/stage.ts';

const PATIENCE_MS = 1_500;
const SIGN_ONS_BEFORE = 20;
const AFTERWARDS_MS = 6_000;

export const givenUpFetch: Experiment = {
  name: 'given-up-fetch',
  purpose: 'the Service Provider gives up its fetch of one-time metadata after 1.5 s, and later fetches it again',
  databases: ['PostgreSQL', 'embedded'],
  run: ({ database }) =>
    withStage(database, {}, async (stage) => {
      const { instance } = stage;
      const before = await activeKey(stage);
      const url = await handOver(stage);
      const watched = await watchSignOns(stage);
      await watched.more(SIGN_ONS_BEFORE);
      await statusOf(at(instance, url), PATIENCE_MS);
      await pause(AFTERWARDS_MS);
      const given = await watched.outcome();
      await watched.save(url, instance);
      await pause(AFTERWARDS_MS);
      await watched.stop();
      return [
        none('sign-ons refused after the fetch that was given up', given.refused, given.accepted + given.refused),
        ...(await switchFacts(watched, stage, before, ' in all, once it was fetched again')),
      ];
    }),
};
