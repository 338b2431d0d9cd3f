import { residentMegabytes } from '../../bench/process.ts';
import { createPortalClient, redirectPath } from '../../test/support/browser/portal-client.ts';
import { atMost, type Experiment, measured } from '../experiment.ts';
import { realSignOns, signOnEverySecond, startFlood } from '../stage/flood.ts';
import { BILLER, entityIdOf, type Stage, withStage } from '../stage/stage.ts';

const SECONDS = 30;
const PER_SECOND = 200;
const OTHER_BILLERS = ['lakeside', 'hillcrest'];
const GROWS_BY_MB = 150;
/** A day of it must fit on a disk. */
const AUDIT_MB_AN_HOUR = 100;

/** What strangers send, in turn. */
const KINDS: readonly ((number: number) => string)[] = [
  (number) => `/saml/${BILLER}/sso?SAMLRequest=${encodeURIComponent(`no-request-${number}`)}`,
  (number) => `/saml/${OTHER_BILLERS[number % OTHER_BILLERS.length]}/metadata`,
  () => redirectPath(BILLER, entityIdOf(BILLER), undefined, 'IsPassive="true"'),
  () => redirectPath(BILLER, 'https://stranger.example/metadata'),
];

async function audit({ query }: Stage): Promise<{ rows: number; megabytes: number }> {
  const [found] = await query<{ rows: string; bytes: string }>(`select (select count(*) from audit_events) as rows,
    (select sum(pg_total_relation_size(relname::regclass)) from pg_stat_user_tables) as bytes`);
  return { rows: Number(found?.rows), megabytes: Number(found?.bytes) / 1024 ** 2 };
}

export const floodOfStrangers: Experiment = {
  name: 'flood-of-strangers',
  purpose: `${PER_SECOND} bad, passive and refused requests and fetches of metadata a second beside real sign-ons`,
  databases: ['PostgreSQL', 'embedded'],
  run: ({ database }) =>
    withStage(database, {}, async (stage) => {
      const { instance } = stage;
      for (const slug of OTHER_BILLERS) await stage.addBiller(slug);
      const before = { ...(await audit(stage)), memory: residentMegabytes(instance.pid) };
      const strangers = createPortalClient(instance.url);
      const flood = startFlood(PER_SECOND, (number) => {
        const kind = KINDS[number % KINDS.length] as (number: number) => string;
        return strangers.get(kind(number));
      });
      const signOns = await signOnEverySecond(stage, SECONDS);
      const memory = residentMegabytes(instance.pid);
      await flood.stop();
      strangers.close();
      const after = await audit(stage);
      const hours = SECONDS / 3_600;
      return [
        measured('requests of strangers', flood.sent(), `in ${SECONDS} s`),
        ...realSignOns(signOns),
        atMost('memory grows by', memory - before.memory, GROWS_BY_MB, 'MB'),
        atMost('the database grows by', (after.megabytes - before.megabytes) / hours, AUDIT_MB_AN_HOUR, 'MB an hour'),
        measured('audit rows', (after.rows - before.rows - signOns.length) / hours, 'an hour besides real sign-ons'),
      ];
    }),
};
