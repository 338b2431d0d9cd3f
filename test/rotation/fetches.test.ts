import { beforeAll, expect, test } from 'vitest';
import { useStage } from '../support/stage.ts';

const stage = useStage({ biller: 'springfield', trustProxy: 'loopback' });
beforeAll(() => stage.holdClock());

interface Status {
  readonly seen: number;
  readonly last_seen: { address: string; client: string } | null;
  readonly verdict: { safe: boolean; sentence: string };
  readonly active: { fingerprint: string };
  readonly staged: { fingerprint: string } | null;
}

async function addStaged(slug: string, settings: Record<string, unknown> = {}): Promise<void> {
  await stage.installation.addBiller(slug, { keyType: 'EC-P256', settings });
  await stage.installation.operate('key.stage', { biller: slug, keyType: 'EC-P256' });
}
async function statusOf(slug: string): Promise<Status> {
  await stage.installation.services.fetches.drained();
  return ((await stage.installation.operate('key.status', { billers: [slug] })) as [Status])[0];
}
const fetchMetadata = (path: string, headers: Record<string, string> = {}) =>
  stage.installation.server.inject({ url: path, headers: { 'user-agent': 'their-crm/1.0', ...headers } });

test('a fetch by the Service Provider is recorded with what it was shown, and makes the staged key safe', {
  meta: { holds: ['IDP-084'], source: 'project rule' },
}, async () => {
  await addStaged('riverton');
  expect((await statusOf('riverton')).verdict).toEqual({
    safe: false,
    sentence: 'Wait: the Service Provider has not fetched the staged certificate yet.',
  });
  await expect(stage.installation.operate('key.activate', { biller: 'riverton' })).rejects.toThrow(
    'has not fetched the staged certificate',
  );
  await fetchMetadata('/saml/riverton/metadata', { 'x-forwarded-for': '203.0.113.7' });
  const status = await statusOf('riverton');
  expect(status).toMatchObject({ seen: 1, last_seen: { address: '203.0.113.7', client: 'their-crm/1.0' } });
  expect(status.verdict.safe).toBe(true);
  const [fetch] = (await stage.installation.operate('key.fetches', { biller: 'riverton' })) as Record<
    string,
    unknown
  >[];
  expect(fetch).toMatchObject({
    status: 200,
    monitor: false,
    certificates: [status.active.fingerprint, status.staged?.fingerprint],
  });
  await stage.installation.operate('key.activate', { biller: 'riverton' });
  expect((await statusOf('riverton')).staged).toBeNull();
});

test('a fetch before the key was staged does not count', {
  meta: { holds: ['IDP-084'], source: 'project rule' },
}, async () => {
  await stage.installation.addBiller('early', { keyType: 'EC-P256' });
  await fetchMetadata('/saml/early/metadata');
  stage.pass(1000);
  await stage.installation.operate('key.stage', { biller: 'early', keyType: 'EC-P256' });
  expect(await statusOf('early')).toMatchObject({ seen: 0, verdict: { safe: false } });
});

test('a 304 counts for a client that had the same document, but not for one that accepts any (RFC 9110 13.1.2)', async () => {
  await addStaged('cached');
  const { headers } = await fetchMetadata('/saml/cached/metadata', { 'user-agent': 'first' });
  const any = await fetchMetadata('/saml/cached/metadata', { 'user-agent': 'any', 'if-none-match': '*' });
  const known = await fetchMetadata('/saml/cached/metadata', {
    'user-agent': 'known',
    'if-none-match': String(headers.etag),
  });
  expect([any.statusCode, known.statusCode]).toEqual([304, 304]);
  expect(await statusOf('cached')).toMatchObject({ seen: 2 });
});

test('our own monitors are distinguished from the Service Provider by address or User-Agent', async () => {
  await addStaged('watched', { monitors: ['10.0.0.0/8', 'uptime-robot'] });
  await fetchMetadata('/saml/watched/metadata', { 'x-forwarded-for': '10.1.2.3' });
  await fetchMetadata('/saml/watched/metadata', { 'user-agent': 'Uptime-Robot/2.0' });
  expect(await statusOf('watched')).toMatchObject({ seen: 0, verdict: { safe: false } });
  await fetchMetadata('/saml/watched/metadata', { 'x-forwarded-for': '11.1.2.3' });
  expect(await statusOf('watched')).toMatchObject({ seen: 1 });
});

test('if the Service Provider’s clients are listed, no other fetch makes a key safe: metadata is public', async () => {
  await addStaged('known', { metadataClients: ['203.0.113.0/24', 'their-crm'] });
  await fetchMetadata('/saml/known/metadata', { 'user-agent': 'a crawler', 'x-forwarded-for': '198.51.100.1' });
  expect(await statusOf('known')).toMatchObject({ seen: 0, verdict: { safe: false } });
  await fetchMetadata('/saml/known/metadata', { 'user-agent': 'a crawler', 'x-forwarded-for': '203.0.113.7' });
  await fetchMetadata('/saml/known/metadata', { 'x-forwarded-for': '198.51.100.1' });
  expect(await statusOf('known')).toMatchObject({ seen: 2, verdict: { safe: true } });
});

test('if only one certificate is kept, an ordinary fetch makes nothing safe: a one-time URL is needed', async () => {
  await addStaged('pinned', { rotation: 'switch-on-fetch' });
  await fetchMetadata('/saml/pinned/metadata');
  expect((await statusOf('pinned')).verdict.sentence).toContain('key hand-over');
  await expect(stage.installation.operate('key.activate', { biller: 'pinned' })).rejects.toThrow(
    'Make a one-time metadata URL',
  );
});

async function handOver(slug: string, terms: Record<string, unknown> = {}): Promise<string> {
  const { url } = (await stage.installation.operate('key.hand-over', { biller: slug, ...terms })) as { url: string };
  const { pathname, search } = new URL(url);
  return pathname + search;
}

test('one-time metadata contains only the new certificate; fetching it switches keys, which can be undone', async () => {
  await addStaged('handed', { rotation: 'switch-on-fetch' });
  const before = await statusOf('handed');
  const path = await handOver('handed');
  const first = await fetchMetadata(path);
  expect(first.statusCode).toBe(200);
  expect(first.headers['cache-control']).toBe('no-store');
  expect(first.body.match(/<ds:X509Certificate>/g)).toHaveLength(1);
  const after = await statusOf('handed');
  expect(after.active.fingerprint).toBe(before.staged?.fingerprint);
  // The form may fetch twice: it gets the same document.
  expect((await fetchMetadata(path)).body).toBe(first.body);
  await stage.installation.operate('key.back-out', { biller: 'handed', reason: 'their form was not saved' });
  expect((await statusOf('handed')).active.fingerprint).toBe(before.active.fingerprint);
  expect((await fetchMetadata(path)).statusCode).toBe(410);
});

test('clients other than the Service Provider switch nothing', async () => {
  await addStaged('guarded', { rotation: 'switch-on-fetch', monitors: ['uptime-robot'] });
  const before = await statusOf('guarded');
  const path = await handOver('guarded', { networks: ['203.0.113.0/24'] });
  const strangers: Record<string, string>[] = [
    { 'sec-fetch-mode': 'navigate', 'x-forwarded-for': '203.0.113.7' },
    { 'user-agent': 'Slackbot-LinkExpanding 1.0', 'x-forwarded-for': '203.0.113.7' },
    { 'user-agent': 'uptime-robot', 'x-forwarded-for': '203.0.113.7' },
    { 'x-forwarded-for': '198.51.100.1' },
  ];
  for (const headers of strangers) expect((await fetchMetadata(path, headers)).statusCode).toBe(403);
  expect((await statusOf('guarded')).active).toEqual(before.active);
  expect((await fetchMetadata(path, { 'x-forwarded-for': '203.0.113.7' })).statusCode).toBe(200);
});

test('one-time metadata expires, is replaced by the next one, and does not work at another biller', async () => {
  await addStaged('ending', { rotation: 'switch-on-fetch' });
  const first = await handOver('ending', { hours: 1 });
  const second = await handOver('ending', { hours: 1 });
  expect((await fetchMetadata(first)).statusCode).toBe(410);
  expect((await fetchMetadata(second.replace('/ending/', '/riverton/'))).statusCode).toBe(410);
  expect((await fetchMetadata('/saml/ending/metadata?one-time=x')).statusCode).toBe(410);
  stage.pass(3600_000);
  const late = await fetchMetadata(second);
  expect(late.statusCode).toBe(410);
  expect(late.body).toContain('This metadata URL has expired');
});
