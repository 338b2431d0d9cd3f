import { setTimeout as pause } from 'node:timers/promises';
import { residentMegabytes } from '../../bench/process.ts';
import { median, percentile } from '../../bench/rounds.ts';
import { createPortalClient, redirectPath } from '../../test/support/browser/portal-client.ts';
import { all, atMost, type Experiment, measured, none } from '../experiment.ts';
import { everyProcessLives } from '../stage/books.ts';
import type { Instance } from '../stage/instance.ts';
import { BILLER, entityIdOf, type Stage, withStage } from '../stage/stage.ts';

const PER_MINUTE = 1_000;
/** One in so many tickets is followed by two browsers at the same moment. */
const RACE_EVERY = 10;
const USERS = 500;
/** Memory is looked at every so many launches. */
const LOOK_EVERY = 50;
/** Garbage comes and goes: of the last third of the time, compared with the one before. */
const GROWS_BY_MB = 60;
const WITHIN_MS = 2_000;

/** What became of one launch. */
interface Launched {
  readonly lost: string | undefined;
  /** Browsers that got a session by its ticket. */
  readonly sessions: number;
  readonly milliseconds: number;
}

type Choose = (instances: readonly Instance[]) => Instance;

async function makeLaunch(instance: Instance, key: string, user: number): Promise<string> {
  const account = `${user}Invoice`;
  const response = await fetch(`${instance.url}/api/launches`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
    },
    body: JSON.stringify({
      user: { id: `u-${user}`, email: `user-${user}@example.com`, accounts: [{ number: account, role: 'owner' }] },
      account,
      destination: 'bills',
    }),
  });
  const { url } = (await response.json()) as { url?: string };
  if (url === undefined) throw new Error(`the API answered ${response.status}`);
  return new URL(url).pathname;
}

/** A browser that has clicked in the portal. @returns its session cookie; undefined if the ticket gave it none */
async function follow(instance: Instance, path: string): Promise<string | undefined> {
  const headers = { 'sec-fetch-site': 'cross-site', referer: 'https://portal.example/' };
  const response = await fetch(`${instance.url}${path}`, { redirect: 'manual', headers });
  await response.arrayBuffer();
  return response.headers
    .getSetCookie()
    .find((cookie) => cookie.startsWith('__Host-session-'))
    ?.split(';')[0];
}

async function signOn(instance: Instance, cookie: string, account: string): Promise<string | undefined> {
  const client = createPortalClient(instance.url);
  const [name = '', value = ''] = cookie.split('=');
  client.cookies.set(name, value);
  const { body, status } = await client.get(redirectPath(BILLER, entityIdOf(BILLER)));
  client.close();
  const encoded = /name="SAMLResponse" value="([^"]+)"/.exec(body)?.[1];
  if (encoded === undefined) return `the sign-on was answered with ${status}`;
  return Buffer.from(encoded, 'base64').toString().includes(`>${account}<`)
    ? undefined
    : 'another account was asserted';
}

/** One launch, each step at any instance. */
async function launch({ instances }: Stage, key: string, number: number, choose: Choose): Promise<Launched> {
  const began = performance.now();
  const user = number % USERS;
  let sessions = 0;
  try {
    const path = await makeLaunch(choose(instances), key, user);
    const browsers = number % RACE_EVERY === 0 ? 2 : 1;
    const cookies = await Promise.all(Array.from({ length: browsers }, () => follow(choose(instances), path)));
    const given = cookies.filter((cookie) => cookie !== undefined);
    sessions = given.length;
    const lost = given[0] === undefined ? 'no session' : await signOn(choose(instances), given[0], `${user}Invoice`);
    return { lost, sessions, milliseconds: performance.now() - began };
  } catch (error) {
    return { lost: (error as Error).message, sessions, milliseconds: performance.now() - began };
  }
}

const memoryOf = ({ instances }: Stage) => instances.reduce((sum, { pid }) => sum + residentMegabytes(pid), 0);

export const launches: Experiment = {
  name: 'launches',
  purpose: `${PER_MINUTE.toLocaleString('en')} launches a minute, for minutes, each step at any of two instances; every tenth ticket is followed twice at once`,
  databases: ['PostgreSQL'],
  run: ({ database, minutes, chance, progress }) =>
    withStage(database, { instances: 2, biller: ['--portal-url', 'https://portal.example/'] }, async (stage) => {
      const added = await stage.operator.run(['api-key', 'add', BILLER, '--role', 'portal', '--json']);
      const { key } = JSON.parse(added.output) as { key: string };
      const total = Math.round(PER_MINUTE * minutes);
      const under: Promise<Launched>[] = [];
      const began = performance.now();
      const memory: number[] = [];
      for (let number = 0; number < total; number += 1) {
        under.push(launch(stage, key, number, chance.pick));
        await pause(Math.max(0, began + ((number + 1) * 60_000) / PER_MINUTE - performance.now()));
        if (number % LOOK_EVERY === 0) memory.push(memoryOf(stage));
        if (number > 0 && number % (PER_MINUTE * 2) === 0) progress(`launches: ${number} of ${total}`);
      }
      const done = await Promise.all(under);
      const lost = done.flatMap((one) => one.lost ?? []);
      const times = done.map(({ milliseconds }) => milliseconds);
      const races = done.filter((_one, number) => number % RACE_EVERY === 0).length;
      return [
        measured('launches', total, `in ${minutes} min`),
        none('launches without the right assertion', lost.length, total, [...new Set(lost)].join(', ')),
        none('tickets that gave two sessions', done.filter(({ sessions }) => sessions > 1).length, races),
        atMost('95 of 100 launches take', percentile(times, 0.95), WITHIN_MS, 'ms'),
        measured('memory of both instances in the last third of the time', median(thirdOf(memory, 2)), 'MB'),
        atMost('which is more than in the third before by', growthOf(memory), GROWS_BY_MB, 'MB'),
        all('requests and follow-ups that are in the audit', ...(await auditOf(stage, total))),
        everyProcessLives(stage),
      ];
    }),
};

/** @param which 0, 1 or 2 */
const thirdOf = (values: readonly number[], which: number) =>
  values.slice(Math.floor((values.length * which) / 3), Math.floor((values.length * (which + 1)) / 3));

const growthOf = (memory: readonly number[]) => Math.max(0, median(thirdOf(memory, 2)) - median(thirdOf(memory, 1)));

/** @returns how many launches have both audit events, and of how many */
async function auditOf({ query }: Stage, total: number): Promise<[number, number]> {
  const [found] = await query<{
    launches: string;
  }>(`select count(*) as launches from (select details->>'launch' as launch
    from audit_events where event in ('launch.requested', 'launch.followed') group by 1 having count(*) = 2) both_events`);
  return [Number(found?.launches), total];
}
