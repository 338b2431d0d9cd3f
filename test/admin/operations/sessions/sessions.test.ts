import pg from 'pg';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import type { InputError } from '../../../../src/platform/errors/idp-error.ts';
import { createBrowserLike } from '../../../support/browser/browser-like.ts';
import { startInstallation, type TestInstallation } from '../../../support/installation.ts';
import { createTestDatabase } from '../../../support/postgres/postgres.ts';
import { EMAIL, PASSWORD } from '../../../support/stage.ts';

interface Listed {
  readonly session: string;
  readonly email: string;
  readonly userId: string;
  readonly authenticatedAt: string;
  readonly expiresAt: string;
}

const OTHER = 'grace@example.com';
let now = Date.now();
/** Two instances on one database: sessions are ended at the second and used at the first. */
let first: TestInstallation;
let second: TestInstallation;
let drop: () => Promise<void>;
let url: string;

beforeAll(async () => {
  const made = await createTestDatabase(inject('postgresUrl'));
  drop = made.drop;
  url = made.url;
  const existing = { url: made.url, masterKey: Buffer.alloc(32, 1).toString('base64') };
  first = await startInstallation({ existing, clock: () => now });
  second = await startInstallation({ existing, clock: () => now });
  for (const slug of ['riverton', 'springfield']) {
    await first.addBiller(slug, { keyType: 'EC-P256' });
    for (const email of [EMAIL, OTHER]) await first.addUser(slug, email, PASSWORD, ['101Invoice']);
  }
});
afterAll(async () => {
  await first?.close();
  await second?.close();
  await drop?.();
});

async function signedIn(biller: string, email: string) {
  const browser = createBrowserLike(first.server);
  await browser.signIn(biller, email, PASSWORD);
  return async () => (await browser.get(`/login/${biller}`)).body.includes('Sign out');
}
const list = async (input: Record<string, unknown>) => (await second.operate('session.list', input)) as Listed[];
const end = async (input: Record<string, unknown>) =>
  ((await second.operate('session.end', input)) as { ended: number }).ended;
const refusal = async (input: Record<string, unknown>) =>
  end(input).then(
    () => 'accepted',
    ({ code }: InputError) => code,
  );

test('sessions are listed and ended by user and biller, on every instance at once, and audited', async () => {
  const [pat, patToo, grace, elsewhere] = await Promise.all([
    signedIn('riverton', EMAIL),
    signedIn('riverton', EMAIL),
    signedIn('riverton', OTHER),
    signedIn('springfield', EMAIL),
  ]);
  expect((await list({ biller: 'riverton' })).map(({ email }) => email).sort()).toEqual([OTHER, EMAIL, EMAIL]);
  const ofPat = await list({ biller: 'riverton', email: EMAIL.toUpperCase() });
  expect(ofPat).toHaveLength(2);
  expect(Date.parse(ofPat[0]?.expiresAt ?? '')).toBeGreaterThan(now);
  expect(JSON.stringify(ofPat)).not.toContain('hash');

  expect(await end({ biller: 'riverton', session: ofPat[0]?.session })).toBe(1);
  expect([await pat(), await patToo()].filter(Boolean)).toHaveLength(1);
  expect(await end({ biller: 'riverton', email: EMAIL, reason: 'lost phone' })).toBe(1);
  expect([await pat(), await patToo(), await grace(), await elsewhere()]).toEqual([false, false, true, true]);
  const audited = (await first.operate('audit.list', { event: 'session.ended_by_operator', email: EMAIL })) as {
    biller: string;
    userId: string;
    details: object;
  }[];
  expect(audited.map(({ biller, userId, details }) => ({ biller, userId, details }))).toEqual(
    ['lost phone', 'none'].map((reason) => ({
      biller: 'riverton',
      userId: ofPat[0]?.userId,
      details: { actor: 'test', reason, sessions: 1 },
    })),
  );
});

test('the command waits for the assertions that were being committed when it ended the session', async () => {
  const isIn = await signedIn('riverton', EMAIL);
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  try {
    await other.query(`begin; insert into audit_events (at, event, reference) values (now(), 'user.added', 'R')`);
    let done = false;
    const ending = end({ biller: 'riverton', email: EMAIL }).then(() => {
      done = true;
    });
    await vi.waitUntil(async () => !(await isIn()));
    // The command has committed its change. What it waits for is asked every few milliseconds.
    await list({ biller: 'riverton' });
    expect(done).toBe(false);
    await other.query('commit');
    await ending;
  } finally {
    await other.end();
  }
});

test('all sessions at a biller end with one event for each portal user', async () => {
  const browsers = await Promise.all([
    signedIn('springfield', EMAIL),
    signedIn('springfield', OTHER),
    signedIn('springfield', OTHER),
  ]);
  const before = (await list({ biller: 'springfield' })).length;
  expect(await end({ biller: 'springfield', all: true })).toBe(before);
  expect(await Promise.all(browsers.map((isIn) => isIn()))).toEqual([false, false, false]);
  expect(await list({ biller: 'springfield' })).toEqual([]);
  const events = (await first.operate('audit.list', { event: 'session.ended_by_operator', biller: 'springfield' })) as {
    details: { sessions: number };
  }[];
  expect(events.map(({ details }) => details.sessions).sort()).toEqual([before - 2, 2].sort());
});

test('a session that was idle for too long is not listed', async () => {
  await signedIn('springfield', EMAIL);
  expect(await list({ biller: 'springfield' })).toHaveLength(1);
  const { settings } = await first.services.billers.bySlug('springfield');
  now += settings.sessionIdleMinutes * 60_000;
  expect(await list({ biller: 'springfield' })).toEqual([]);
});

test('what is unclear or does not exist is refused, and nothing is ended or audited', async () => {
  await signedIn('riverton', OTHER);
  const before = await list({ biller: 'riverton' });
  expect(await refusal({ biller: 'riverton' })).toBe('sessions_unclear');
  expect(await refusal({ biller: 'riverton', all: false })).toBe('sessions_unclear');
  expect(await refusal({ biller: 'riverton', email: OTHER, all: true })).toBe('sessions_unclear');
  expect(await refusal({ biller: 'riverton', email: 'nobody@example.com' })).toBe('user_not_found');
  expect(await refusal({ biller: 'nowhere', all: true })).toBe('biller_not_found');
  // A session of another biller.
  await signedIn('springfield', OTHER);
  const [other] = await list({ biller: 'springfield' });
  expect(await refusal({ biller: 'riverton', session: other?.session })).toBe('session_not_found');
  expect(await list({ biller: 'riverton' })).toEqual(before);
});
