import { afterAll, beforeAll, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../../src/admin/operations/operation.ts';
import { runNamed } from '../../../src/admin/operations/run.ts';
import { isValid } from '../../../src/core/api-keys/api-keys.ts';
import { readKey } from '../../../src/core/api-keys/key-text.ts';
import { TEST_ACS, TEST_SP } from '../../support/installation.ts';
import { createTestStorage, type TestConnection, type TestStorage } from '../../support/postgres/storage.ts';
import { useStage } from '../../support/stage.ts';

interface Added {
  readonly id: string;
  readonly key: string;
  readonly expiresAt: string | null;
}

const HOUR_MS = 3_600_000;
const stage = useStage();
const services = () => stage.installation.services;
const operate = (name: string, input: Record<string, unknown> = {}, biller = 'riverton') =>
  stage.installation.operate(`api-key.${name}`, { biller, ...input });
const add = async (input: Record<string, unknown> = {}, biller?: string) =>
  (await operate('add', { role: 'portal', ...input }, biller)) as Added;
const check = (text: string | undefined) => services().apiKeys.check(text);
const reasonOf = async (text: string | undefined) => {
  const checked = await check(text);
  return isValid(checked) ? 'valid' : checked.reason;
};
const listed = async (id: string) =>
  ((await operate('list')) as ({ id: string } & Record<string, unknown>)[]).find((key) => key.id === id);

test('a key is known by its prefix, has 256 random bits, and is never shown again', async () => {
  const { id, key, expiresAt } = await add();
  expect(key).toMatch(/^icidp_[0-9a-f]{12}_[\w-]{43}$/);
  expect(expiresAt).toBeNull();
  const { secret = '' } = readKey(key) ?? {};
  expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
  const shown = JSON.stringify([
    await operate('list'),
    await stage.installation.operate('audit.list', {}),
    await services().database.db.selectFrom('apiKeys').selectAll().execute(),
  ]);
  expect(shown).toContain(id);
  expect(shown).not.toContain(secret);
  expect(await listed(id)).toEqual({
    id,
    prefix: `icidp_${id}`,
    role: 'portal',
    state: 'valid',
    createdAt: expect.any(String),
    lastUsedAt: null,
    expiresAt: null,
    revokedAt: null,
  });
});

test('what is no valid key is told apart for the audit', async () => {
  const { key } = await add();
  const [other] = [await add()];
  expect(await reasonOf(key)).toBe('valid');
  expect(await reasonOf(undefined)).toBe('missing');
  for (const text of ['', 'x', key.toUpperCase(), `${key}x`, key.slice(0, -1), `${key}\n`, key.repeat(1000)]) {
    expect(await reasonOf(text)).toBe('malformed');
  }
  expect(await reasonOf(`icidp_${'0'.repeat(12)}_${key.slice(-43)}`)).toBe('unknown');
  expect(await reasonOf(other.key.slice(0, -43) + key.slice(-43))).toBe('wrong');
});

test('several keys are valid at the same time, so that one can replace the other', async () => {
  const [first, second] = [await add(), await add()];
  expect(await Promise.all([first, second].map(({ key }) => reasonOf(key)))).toEqual(['valid', 'valid']);
  await operate('revoke', { id: first.id });
  expect(await Promise.all([first, second].map(({ key }) => reasonOf(key)))).toEqual(['revoked', 'valid']);
  expect(await listed(first.id)).toMatchObject({ state: 'revoked', revokedAt: expect.any(String) });
  expect((await stage.audited('api_key.revoked')).details).toEqual({ actor: 'test', key: first.id });
});

test('a key is of one biller, and can be revoked there only', async () => {
  await stage.addBiller('lakeside');
  const { id, key } = await add({}, 'lakeside');
  expect(await check(key)).toMatchObject({ id, biller: 'lakeside', role: 'portal' });
  await expect(operate('revoke', { id })).rejects.toMatchObject({ code: 'api_key_not_found' });
  expect(await reasonOf(key)).toBe('valid');
  await stage.installation.operate('biller.remove', { slug: 'lakeside' });
  expect(await reasonOf(key)).toBe('unknown');
});

test('a key that is revoked, or was never there, can’t be revoked', async () => {
  const { id } = await add();
  await operate('revoke', { id });
  for (const wrong of [id, 'nothing', '']) {
    await expect(operate('revoke', { id: wrong })).rejects.toMatchObject({ code: 'api_key_not_found' });
  }
});

test('a key expires at its time', async () => {
  stage.holdClock();
  const { id, key, expiresAt } = await add({ expires: '12h' });
  expect(expiresAt).toBe(new Date(stage.now() + 12 * HOUR_MS).toISOString());
  expect((await stage.audited('api_key.added')).details).toMatchObject({ key: id, expires: expiresAt });
  stage.pass(12 * HOUR_MS - 1);
  expect(await reasonOf(key)).toBe('valid');
  stage.pass(1);
  expect(await reasonOf(key)).toBe('expired');
  expect(await listed(id)).toMatchObject({ state: 'expired' });
});

test.each(['', '0d', '365', '1y', '3651d', '87601h', '1.5d', ' 1d', '-1d', '1D'])(
  'refuses to let one expire after "%s"',
  async (expires) => {
    await expect(add({ expires })).rejects.toMatchObject({
      field: 'expires',
      complaint: expect.stringContaining('365d or 12h'),
    });
  },
);

test.each(['admin', '', undefined])('refuses the role %s', async (role) => {
  await expect(operate('add', { role })).rejects.toMatchObject({ field: 'role' });
});

test('the last use is written once a minute, not with every request', async () => {
  stage.holdClock();
  const { id, key } = await add();
  const written = async () => (await listed(id))?.lastUsedAt;
  await check(key);
  const first = new Date(stage.now()).toISOString();
  expect(await written()).toBe(first);
  stage.pass(59_999);
  await check(key);
  expect(await written()).toBe(first);
  stage.pass(1);
  await check(key);
  expect(await written()).toBe(new Date(stage.now()).toISOString());
});

test('what is derived from a key is the same each time, and another one for each key and purpose', async () => {
  const [one, other] = [(await add()).key, (await add()).key];
  const derived = async (key: string, purpose: string) => {
    const checked = await check(key);
    return isValid(checked) ? checked.derive(purpose).toString('hex') : '';
  };
  expect(await derived(one, 'a')).toBe(await derived(one, 'a'));
  expect(new Set([await derived(one, 'a'), await derived(one, 'b'), await derived(other, 'a')]).size).toBe(3);
});

test('a biller has at most 20 valid keys, also if they are made at the same time', async () => {
  await stage.addBiller('hilltop');
  const made = await Promise.allSettled(Array.from({ length: 22 }, () => add({}, 'hilltop')));
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
  await expect(add({}, 'hilltop')).rejects.toMatchObject({ code: 'api_keys_too_many' });
  const [first] = (await operate('list', {}, 'hilltop')) as [{ id: string }];
  await operate('revoke', { id: first.id }, 'hilltop');
  await add({}, 'hilltop');
});

let storage: TestStorage;
const instances: TestConnection[] = [];
beforeAll(async () => {
  storage = await createTestStorage('postgresql');
  instances.push(await storage.open(), await storage.open());
});
afterAll(async () => {
  for (const instance of instances) await instance.close();
  await storage.remove();
});

test('a key that one instance revokes is refused by the other at once', async () => {
  const on = (instance: TestConnection | undefined, name: string, input: unknown) =>
    runNamed(instance?.services ?? services(), name, input, actorWithEveryRole('test'));
  const [one, other] = instances;
  const biller = { slug: 'riverton', name: 'Riverton', billerGuid: crypto.randomUUID(), keyType: 'EC-P256' };
  await on(one, 'biller.add', { ...biller, entityId: TEST_SP, acs: [TEST_ACS] });
  const { id, key } = (await on(one, 'api-key.add', { biller: 'riverton', role: 'portal' })) as Added;
  expect(await other?.services.apiKeys.check(key)).toMatchObject({ id });
  await on(one, 'api-key.revoke', { biller: 'riverton', id });
  expect(await other?.services.apiKeys.check(key)).toMatchObject({ reason: 'revoked' });
});
