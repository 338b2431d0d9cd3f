import { setTimeout as pause } from 'node:timers/promises';
import { median } from '../../../bench/rounds.ts';
import { createChance, MAX_SEED } from '../../chance.ts';
import { type Experiment, type Fact, measured, none } from '../../experiment.ts';
import { answeredBy, everyAssertionHasItsRow, everyProcessLives, recoversBy, recovery } from '../../stage/books.ts';
import { slowDownAudit } from '../../stage/database.ts';
import { type Load, startLoad } from '../../stage/load.ts';
import { withStage } from '../../stage/stage.ts';
import { FAULTS } from './faults.ts';
import { changeKeys, type Revoked } from './operator-at-work.ts';

const MINUTE_MS = 60_000;
const QUIET_MS = [200, 2_000] as const;
const BROWSERS = 4;
/** What browsers see of faults. */
const USUAL = ['assertion', '503', 'no connection', 'cut off'] as const;

interface Recovered {
  readonly fault: string;
  readonly seconds: number;
}

function recoveryFacts(recovered: readonly Recovered[]): Fact[] {
  const slowest = recovered.reduce((slow, one) => (one.seconds > slow.seconds ? one : slow), {
    fault: 'none',
    seconds: 0,
  });
  return [
    measured('faults', recovered.length, ''),
    recoversBy(`slowest recovery (${slowest.fault})`, slowest.seconds),
    measured('median recovery', median(recovered.map(({ seconds }) => seconds)), 's'),
  ];
}

function keyFacts(load: Load, revoked: readonly Revoked[]): Fact {
  const byRevoked = load
    .received()
    .filter((one) => revoked.some(({ fingerprint, at }) => fingerprint === one.fingerprint && one.asked > at));
  const what = 'assertions signed by a revoked key, asked for after its revocation';
  return { ...none(what, byRevoked.length, load.received().length), what: `${what} (${revoked.length} revoked)` };
}

export const randomFaults: Experiment = {
  name: 'random-faults',
  purpose: 'faults and key changes at random under sign-ons, for minutes; two instances on PostgreSQL',
  databases: ['PostgreSQL', 'embedded'],
  run: ({ database, chance, minutes, progress }) =>
    withStage(database, { instances: database === 'PostgreSQL' ? 2 : 1 }, async (stage) => {
      await slowDownAudit(stage);
      const faults = FAULTS.filter(({ databases }) => databases.includes(database));
      const over = performance.now() + minutes * MINUTE_MS;
      const load = startLoad(stage, { browsers: BROWSERS });
      const recovered: Recovered[] = [];
      const revoked: Revoked[] = [];
      const wrong: string[] = [];
      while (performance.now() < over && recovered.every(({ seconds }) => Number.isFinite(seconds))) {
        await pause(chance.between(...QUIET_MS));
        const fault = chance.pick(faults);
        // Of its own, because what it draws comes at no certain time.
        const struck = fault
          .strike(stage, createChance(chance.between(0, MAX_SEED)))
          .catch((error: Error) => void wrong.push(error.message));
        const key = await changeKeys(stage, chance);
        if (key !== undefined) revoked.push(key);
        await struck;
        const seconds = await recovery(stage, stage.instances, performance.now());
        progress(`    ${fault.name}: recovered in ${seconds.toFixed(1)} s`);
        recovered.push({ fault: fault.name, seconds });
      }
      await load.stop();
      return [
        await everyAssertionHasItsRow(stage, load.received()),
        keyFacts(load, revoked),
        ...recoveryFacts(recovered),
        answeredBy(load, 'sign-ons answered with an error other than 503', USUAL),
        none('faults after which an instance did not stop or start', wrong.length, recovered.length, wrong.join(' ')),
        everyProcessLives(stage),
      ];
    }),
};
