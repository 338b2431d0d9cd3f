import { sql } from 'kysely';
import { beforeAll, expect, test } from 'vitest';
import { errorCodeOf, requirePosted } from '../../support/browser/browser-like.ts';
import { authnRequest, redirectQuery } from '../../support/saml/authn-request.ts';
import { useStage } from '../../support/stage.ts';

const DAY_MS = 86_400_000;

const stage = useStage();
const { signedIn, now } = stage;
beforeAll(() => stage.addBiller('broken'));

const get = (url: string, headers: Record<string, string> = {}) => stage.installation.server.inject({ url, headers });
const requestPath = (biller: string, parts = {}) => {
  const attributes = { IssueInstant: new Date(now()).toISOString() };
  return `/saml/${biller}/sso?${redirectQuery(authnRequest({ attributes, ...parts }))}`;
};
/** The samples of a metric: their labels and values. */
async function samples(name: string): Promise<{ labels: Record<string, string>; value: number }[]> {
  const { body } = await get('/metrics');
  return body.split('\n').flatMap((line) => {
    const [, named, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (named !== name) return [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text]);
    return [{ labels: Object.fromEntries(pairs), value: Number(value) }];
  });
}

test('counts sign-ons by biller and outcome, and measures how long they took', async () => {
  const browser = await signedIn('riverton');
  const path = requestPath('riverton');
  requirePosted(await browser.get(path));
  requirePosted(await browser.get(requestPath('riverton')));
  expect(errorCodeOf(await browser.get(path))).toBe('request_replayed');
  requirePosted(await browser.get(requestPath('riverton', { attributes: { Version: '1.1' } })));
  // An invented slug is not a label: the number of labels would be unbounded.
  await get(requestPath('made-up'));
  const counted = await samples('ic_idp_sign_ons_total');
  expect(counted.map(({ labels, value }) => [labels.biller, labels.outcome, value]).sort()).toEqual([
    ['', 'biller_unknown', 1],
    ['riverton', 'issued', 2],
    ['riverton', 'request_replayed', 1],
    ['riverton', 'saml_version_unsupported', 1],
  ]);
  const timed = await samples('ic_idp_sign_on_duration_seconds_count');
  expect(timed.map(({ labels, value }) => [labels.outcome, value]).sort()).toEqual([
    ['issued', 2],
    ['refused', 3],
  ]);
});

test('reports the days left for every published certificate, and for no other', async () => {
  await stage.installation.operate('key.stage', { biller: 'riverton', keyType: 'EC-P256' });
  const known = (await stage.installation.operate('key.list', { biller: 'riverton' })) as {
    fingerprint: string;
    state: string;
    notAfter: string;
  }[];
  const left = async () =>
    (await samples('ic_idp_certificate_days_left')).filter(({ labels }) => labels.biller === 'riverton');
  const shown = await left();
  expect(shown.map(({ labels }) => labels.state).sort()).toEqual(['active', 'staged']);
  for (const { labels, value } of shown) {
    const key = known.find(({ fingerprint }) => fingerprint === labels.fingerprint);
    expect(key?.state).toBe(labels.state);
    expect(value).toBeCloseTo((Date.parse(String(key?.notAfter)) - now()) / DAY_MS, 2);
  }
  const active = shown.find(({ labels }) => labels.state === 'active');
  stage.pass(10 * DAY_MS);
  expect((await left()).find(({ labels }) => labels.state === 'active')?.value).toBeCloseTo(
    (active?.value ?? 0) - 10,
    2,
  );
  stage.pass(-10 * DAY_MS);
  await stage.installation.operate('key.retire', { biller: 'riverton', staged: true });
  expect((await left()).map(({ labels }) => labels.state)).toEqual(['active']);
});

test('a biller whose key can’t be opened makes readiness fail and gets a 503 page before sign-in, while other billers keep working', async () => {
  const { database, keys } = stage.installation.services;
  const alive = async () => (await get('/health/live')).json();
  const ready = async () => {
    const answer = await get('/health/ready');
    return [answer.statusCode, answer.json()] as const;
  };
  const { id } = await stage.installation.services.billers.bySlug('broken');
  const ofBroken = sql`biller_id = ${id} and state = 'active'`;
  // One corrupted byte, as from a disk error or a manual edit.
  const flipped = sql`set_byte(sealed_private_key, 40, get_byte(sealed_private_key, 40) # 1)`;
  const flip = async () => {
    await sql`update signing_keys set sealed_private_key = ${flipped} where ${ofBroken}`.execute(database.db);
    keys.forget(undefined);
  };
  await flip();
  const [status, reported] = await ready();
  expect([status, reported]).toEqual([
    503,
    {
      status: 'not ready',
      checks: [
        { name: 'database', ok: true, problems: 0 },
        { name: 'keys', ok: false, problems: 1 },
        { name: 'audit', ok: true, problems: 0 },
      ],
    },
  ]);
  // Operators learn which biller it is, strangers don't.
  expect(JSON.stringify(reported)).not.toContain('broken');
  expect(await alive()).toEqual({ status: 'ok' });

  const refused = await get(requestPath('broken'));
  expect([refused.statusCode, errorCodeOf(refused)]).toEqual([503, 'signing_key_unavailable']);
  expect(refused.headers.location).toBeUndefined();
  requirePosted(await (await signedIn('riverton')).get(requestPath('riverton')));

  await flip();
  expect((await ready())[0]).toBe(200);
  requirePosted(await (await signedIn('broken')).get(requestPath('broken')));

  // A key already found usable is checked again when its row changes.
  await flip();
  expect((await ready())[0]).toBe(503);
  await flip();
  expect((await ready())[0]).toBe(200);
});
