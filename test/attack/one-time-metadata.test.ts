import { expect, test, vi } from 'vitest';
import { keyInState } from '../../src/core/keys/store.ts';
import { useStage } from '../support/stage.ts';

const stage = useStage();

/** Adds a biller with a one-time metadata URL. @returns the URL's path */
async function handedOver(slug: string): Promise<string> {
  await stage.installation.addBiller(slug, { keyType: 'EC-P256', settings: { rotation: 'switch-on-fetch' } });
  await stage.installation.operate('key.stage', { biller: slug, keyType: 'EC-P256' });
  const { url } = (await stage.installation.operate('key.hand-over', { biller: slug })) as { url: string };
  return new URL(url).pathname + new URL(url).search;
}
const fetchPath = (url: string) => stage.installation.server.inject({ url });
const activations = async (biller: string) =>
  ((await stage.installation.operate('audit.list', { biller, event: 'key.activated' })) as unknown[]).length;
/** When the hold on the active key ends; null if there was none. */
async function holdOf(slug: string): Promise<Date | null> {
  const { billers, database } = stage.installation.services;
  const key = await keyInState(database.db, (await billers.bySlug(slug)).id, 'active');
  return key?.holdUntil ?? null;
}

test('the one-time URL of a retired key can’t delay sign-ons', async () => {
  const path = await handedOver('retired');
  await stage.installation.operate('key.retire', { biller: 'retired', staged: true });
  for (let turn = 0; turn < 3; turn += 1) expect((await fetchPath(path)).statusCode).toBe(410);
  expect(await holdOf('retired')).toBeNull();
  expect(await activations('retired')).toBe(0);
});

test('many concurrent fetches switch once, and all get the same document', async () => {
  const path = await handedOver('raced');
  const answers = await Promise.all(Array.from({ length: 20 }, () => fetchPath(path)));
  expect(new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body}`)).size).toBe(1);
  expect(answers[0]?.statusCode).toBe(200);
  await vi.waitUntil(async () => (await activations('raced')) > 0);
  // Later fetches get the same document and delay no one.
  const held = await holdOf('raced');
  expect((await fetchPath(path)).statusCode).toBe(200);
  expect(await holdOf('raced')).toEqual(held);
  expect(await activations('raced')).toBe(1);
});

test('a refused fetch reveals nothing about the key, and its page links nowhere with the token', async () => {
  const path = await handedOver('opened');
  const page = await stage.installation.server.inject({ url: path, headers: { 'sec-fetch-mode': 'navigate' } });
  expect(page.statusCode).toBe(403);
  expect(page.headers['referrer-policy']).toBe('same-origin');
  expect(page.headers['cache-control']).toBe('no-store');
  expect(page.body).not.toContain(path.split('one-time=')[1]);
  expect(page.body).not.toContain('X509Certificate');
});
