import { setTimeout as pause } from 'node:timers/promises';
import type { Cable } from '../../test/support/postgres/cable.ts';
import { type Experiment, type Fact, none } from '../experiment.ts';
import { recovery } from '../stage/books.ts';
import { type Received, startLoad } from '../stage/load.ts';
import { activeKey, handOver, switchFacts, watchSignOns } from '../stage/service-provider.ts';
import { ACS, BILLER, EMAIL, entityIdOf, type Stage, withStage } from '../stage/stage.ts';

const DEAF = 1;
const SIGN_ONS_BEFORE = 40;
/** An instance that hears nothing may notice that after ten seconds. */
const AFTERWARDS_MS = 12_000;
const OTHER_ACS = 'https://sp.example/other-acs';

function cableOfDeaf({ cables }: Stage): Cable {
  const cable = cables[DEAF];
  if (cable === undefined) throw new Error('The stage has no second instance.');
  return cable;
}

async function switchKeys(stage: Stage): Promise<Fact[]> {
  const before = await activeKey(stage);
  const url = await handOver(stage);
  const watched = await watchSignOns(stage);
  await watched.more(SIGN_ONS_BEFORE);
  cableOfDeaf(stage).deafen();
  await watched.save(url, stage.instance);
  await pause(AFTERWARDS_MS);
  await watched.stop();
  cableOfDeaf(stage).resume();
  return switchFacts(watched, stage, before, ' in a switch on fetch');
}

/** Runs a command while the deaf instance signs on. @returns what was asked for there after it was acknowledged */
async function receivedAfter(stage: Stage, command: readonly string[]) {
  const load = startLoad(stage, { instances: stage.instances.slice(DEAF) });
  await load.more(SIGN_ONS_BEFORE);
  cableOfDeaf(stage).deafen();
  const { at } = await stage.operator.run(command);
  await pause(AFTERWARDS_MS);
  await load.stop();
  cableOfDeaf(stage).resume();
  const asked = load.signOns.filter((signOn) => signOn.asked > at);
  const received = asked.flatMap((signOn) => signOn.received ?? []);
  return { asked: asked.length, count: (isWrong: (one: Received) => boolean) => received.filter(isWrong).length };
}

export const deafInstance: Experiment = {
  name: 'deaf-instance',
  purpose: 'one of two instances no longer hears of changes, and does not notice',
  databases: ['PostgreSQL'],
  run: ({ database }) =>
    withStage(database, { instances: 2 }, async (stage) => {
      const facts = await switchKeys(stage);
      const hears = () => recovery(stage, stage.instances, performance.now());

      await hears();
      const old = await activeKey(stage);
      const revoke = ['key', 'revoke', BILLER, '--replace', '--reason', 'stress'];
      const revoked = await receivedAfter(stage, revoke);
      const byRevoked = revoked.count(({ fingerprint }) => fingerprint === old);
      facts.push(none('assertions signed by a revoked key, asked for after its revocation', byRevoked, revoked.asked));

      await hears();
      const provider = ['--entity-id', entityIdOf(BILLER), '--acs', OTHER_ACS, '--yes'];
      const removed = await receivedAfter(stage, ['biller', 'update', BILLER, ...provider]);
      const toRemoved = removed.count(({ acs }) => acs === ACS);
      facts.push(none('assertions to a removed ACS, asked for after its removal', toRemoved, removed.asked));

      await hears();
      const disabled = await receivedAfter(stage, ['user', 'update', BILLER, EMAIL, '--disable']);
      const aboutDisabled = disabled.count(() => true);
      facts.push(none('assertions about a disabled user, asked for after that', aboutDisabled, disabled.asked));
      return facts;
    }),
};
