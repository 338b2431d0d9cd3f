import { sql } from 'kysely';
import { beforeAll, expect, test, vi } from 'vitest';
import { useStage } from '../support/stage.ts';

const stage = useStage({ biller: 'springfield', trustProxy: 'loopback' });
beforeAll(() => stage.holdClock());

interface Status {
  readonly seen: number;
  readonly last_seen: { address: string; client: string } | null;
  readonly verdict: { safe: boolean; unconfirmed: boolean; sentence: string };
  readonly active: { fingerprint: string };
  readonly staged: { fingerprint: string } | null;
}

async function addStaged(slug: string, settings: Record<string, unknown> = {}): Promise<void> {
  await stage.installation.addBiller(slug, { keyType: 'EC-P256', settings: { rotation: 'overlap', ...settings } });
  await stage.installation.operate('key.stage', { biller: slug, keyType: 'EC-P256' });
}
async function statusOf(slug: string): Promise<Status> {
  await stage.installation.services.fetches.drained();
  return ((await stage.installation.operate('key.status', { billers: [slug] })) as [Status])[0];
}
const fetchMetadata = (path: string, headers: Record<string, string> = {}) =>
  stage.installation.server.inject({ url: path, headers: { 'user-agent': 'their-crm/1.0', ...headers } });

test('a fetch by the Service Provider is recorded with what it was shown, and does not prove that it is trusted', {
  meta: { holds: ['IDP-084'], source: 'project rule' },
}, async () => {
  await addStaged('riverton', { metadataClients: ['203.0.113.7'] });
  expect((await statusOf('riverton')).verdict).toEqual({
    safe: false,
    unconfirmed: false,
    sentence: 'Wait: the Service Provider has not fetched the staged certificate yet.',
  });
  await expect(stage.installation.operate('key.activate', { biller: 'riverton' })).rejects.toThrow(
    'has not fetched the staged certificate',
  );
  await fetchMetadata('/saml/riverton/metadata', { 'x-forwarded-for': '203.0.113.7' });
  const status = await statusOf('riverton');
  expect(status).toMatchObject({ seen: 1, last_seen: { address: '203.0.113.7', client: 'their-crm/1.0' } });
  expect(status.verdict).toMatchObject({ safe: false, unconfirmed: true });
  expect(status.verdict.sentence).toContain('safe only if the Service Provider keeps several certificates');
  const [fetch] = (await stage.installation.operate('key.fetches', { biller: 'riverton' })) as Record<
    string,
    unknown
  >[];
  expect(fetch).toMatchObject({
    status: 200,
    monitor: false,
    certificates: [status.active.fingerprint, status.staged?.fingerprint],
  });
  await expect(stage.installation.operate('key.activate', { biller: 'riverton' })).rejects.toMatchObject({
    code: 'activation_unconfirmed',
  });
  await stage.installation.operate('key.activate', { biller: 'riverton', confirmed: true });
  expect((await statusOf('riverton')).staged).toBeNull();
});

test('after a fetch by anyone, an operator must confirm who it was', async () => {
  await addStaged('anyone');
  await fetchMetadata('/saml/anyone/metadata', { 'x-forwarded-for': '198.51.100.1', 'user-agent': 'curl/8.0' });
  const { verdict, staged } = await statusOf('anyone');
  expect(verdict).toMatchObject({ safe: false, unconfirmed: true });
  expect(verdict.sentence).toContain('1 fetch by 198.51.100.1 (curl/8.0)');
  const activate = (input: object) => stage.installation.operate('key.activate', { biller: 'anyone', ...input });
  await expect(activate({})).rejects.toMatchObject({ code: 'activation_unconfirmed' });
  await activate({ confirmed: true });
  expect((await statusOf('anyone')).active.fingerprint).toBe(staged?.fingerprint);
  const [event] = (await stage.installation.operate('audit.list', { biller: 'anyone', event: 'key.activated' })) as [
    { details: object },
  ];
  expect(event.details).toMatchObject({ how: 'confirmed', fetchedBy: '198.51.100.1 (curl/8.0)' });
});

test('a confirmation does not stand for a fetch that never was', async () => {
  await addStaged('unseen');
  await expect(stage.installation.operate('key.activate', { biller: 'unseen', confirmed: true })).rejects.toMatchObject(
    {
      code: 'activation_unsafe',
    },
  );
});

test('a stranger’s fetch from before the clients were listed does not count afterwards', async () => {
  await addStaged('listed');
  await fetchMetadata('/saml/listed/metadata', { 'x-forwarded-for': '198.51.100.1' });
  await statusOf('listed');
  await stage.installation.operate('biller.update', {
    slug: 'listed',
    settings: { metadataClients: ['203.0.113.0/24'] },
  });
  expect(await statusOf('listed')).toMatchObject({ seen: 0, verdict: { safe: false, unconfirmed: false } });
});

test('the same fetches of a day are one row with a count', async () => {
  await addStaged('counted');
  for (let turn = 0; turn < 5; turn += 1) await fetchMetadata('/saml/counted/metadata');
  await stage.installation.services.fetches.drained();
  for (let turn = 0; turn < 5; turn += 1) await fetchMetadata('/saml/counted/metadata');
  expect(await statusOf('counted')).toMatchObject({ seen: 10 });
  const rows = (await stage.installation.operate('key.fetches', { biller: 'counted' })) as { count: number }[];
  expect(rows.map(({ count }) => count)).toEqual([10]);
});

test('no number of strangers hides a fetch by a known client, or one of another biller’s metadata', async () => {
  stage.pass(60_000);
  await addStaged('drowned', { metadataClients: ['203.0.113.7'] });
  await addStaged('aside');
  for (let turn = 0; turn < 300; turn += 1) {
    await fetchMetadata('/saml/drowned/metadata', { 'user-agent': `stranger ${turn}` });
  }
  await fetchMetadata('/saml/drowned/metadata', { 'x-forwarded-for': '203.0.113.7' });
  await fetchMetadata('/saml/aside/metadata');
  expect(await statusOf('drowned')).toMatchObject({ seen: 1, verdict: { unconfirmed: true } });
  expect(await statusOf('aside')).toMatchObject({ seen: 1 });
  const rows = (await stage.installation.operate('key.fetches', { biller: 'drowned' })) as { known: boolean }[];
  expect(rows.length).toBeLessThan(100);
  expect(rows.filter(({ known }) => known)).toHaveLength(1);
});

test('a fetch before the key was staged does not count', {
  meta: { holds: ['IDP-084'], source: 'project rule' },
}, async () => {
  await stage.installation.addBiller('early', { keyType: 'EC-P256', settings: { rotation: 'overlap' } });
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

test('if the Service Provider’s clients are listed, no other fetch counts: metadata is public', async () => {
  await addStaged('known', { metadataClients: ['203.0.113.0/24', 'their-crm'] });
  await fetchMetadata('/saml/known/metadata', { 'user-agent': 'a crawler', 'x-forwarded-for': '198.51.100.1' });
  expect(await statusOf('known')).toMatchObject({ seen: 0, verdict: { safe: false } });
  await fetchMetadata('/saml/known/metadata', { 'user-agent': 'a crawler', 'x-forwarded-for': '203.0.113.7' });
  await fetchMetadata('/saml/known/metadata', { 'x-forwarded-for': '198.51.100.1' });
  expect(await statusOf('known')).toMatchObject({ seen: 2, verdict: { unconfirmed: true } });
});

test('if only one certificate is kept, an ordinary fetch makes nothing safe: a one-time URL is needed', async () => {
  await addStaged('pinned', { rotation: 'switch-on-fetch' });
  expect((await fetchMetadata('/saml/pinned/metadata')).body.match(/<ds:X509Certificate>/g)).toHaveLength(1);
  expect((await statusOf('pinned')).seen).toBe(0);
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
  // The switch is committed once the document was taken, so a moment later.
  await vi.waitUntil(async () => (await statusOf('handed')).active.fingerprint === before.staged?.fingerprint);
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
    { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0)', 'x-forwarded-for': '203.0.113.7' },
    { purpose: 'prefetch', 'x-forwarded-for': '203.0.113.7' },
    { 'sec-purpose': 'prefetch;prerender', 'x-forwarded-for': '203.0.113.7' },
    { 'sec-fetch-dest': 'image', 'x-forwarded-for': '203.0.113.7' },
    { 'sec-fetch-mode': 'no-cors', 'x-forwarded-for': '203.0.113.7' },
    { 'x-forwarded-for': '198.51.100.1' },
  ];
  for (const headers of strangers) expect((await fetchMetadata(path, headers)).statusCode).toBe(403);
  expect((await statusOf('guarded')).active).toEqual(before.active);
  expect((await fetchMetadata(path, { 'x-forwarded-for': '203.0.113.7' })).statusCode).toBe(200);
});

test('a client that calls itself a browser switches keys if the biller’s settings list it', async () => {
  await addStaged('posing', { rotation: 'switch-on-fetch', metadataClients: ['203.0.113.7'] });
  const posing = { 'user-agent': 'Mozilla/5.0 (compatible; CRM)', 'x-forwarded-for': '203.0.113.7' };
  expect((await fetchMetadata(await handOver('posing'), posing)).statusCode).toBe(200);
});

test('a HEAD uses up no one-time URL, and a browser’s fetch of the metadata does not count', async () => {
  await addStaged('looked', { rotation: 'switch-on-fetch' });
  const path = await handOver('looked');
  await stage.installation.server.inject({ method: 'HEAD', url: path });
  await fetchMetadata('/saml/looked/metadata', { 'sec-fetch-mode': 'navigate' });
  expect(await statusOf('looked')).toMatchObject({ seen: 0, staged: {} });
  expect((await fetchMetadata(path)).statusCode).toBe(200);
});

test('of two hand-overs at the same time one URL remains in force, and the status of all billers can be read', async () => {
  await addStaged('twice', { rotation: 'switch-on-fetch' });
  await Promise.all([handOver('twice'), handOver('twice'), handOver('twice')]);
  const { id } = await stage.installation.services.billers.bySlug('twice');
  const { db } = stage.installation.services.database;
  const open = await db.selectFrom('oneTimeMetadata').selectAll().where('billerId', '=', id).execute();
  expect(open).toHaveLength(1);
  // Not even by hand.
  const [row] = open;
  const second = { ...row, tokenHash: Buffer.alloc(32) } as NonNullable<typeof row>;
  await expect(db.insertInto('oneTimeMetadata').values(second).execute()).rejects.toThrow('one_open_one_time_url');
  // A setting of a later version.
  await sql`update billers set settings = settings || '{"rotation": "by-carrier-pigeon"}' where id = ${id}`.execute(db);
  expect(((await stage.installation.operate('key.status', {})) as unknown[]).length).toBeGreaterThan(1);
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
