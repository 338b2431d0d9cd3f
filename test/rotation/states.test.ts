import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { keyInState } from '../../src/core/keys/store.ts';
import { createTestStorage, type TestConnection, type TestStorage } from '../support/postgres/storage.ts';

const actor = actorWithEveryRole('test');

describe('signing keys', () => {
  let storage: TestStorage;
  let connection: TestConnection;
  let slug = '';
  let number = 0;

  const operate = (name: string, input: Record<string, unknown>) =>
    runNamed(connection.services, name, { biller: slug, ...input }, actor);
  const rows = async () => {
    const { id } = await connection.services.billers.bySlug(slug);
    return connection.database.db.selectFrom('signingKeys').selectAll().where('billerId', '=', id).execute();
  };
  const states = async () => (await rows()).map(({ state }) => state).sort();
  const fingerprintOf = async (state: string) => (await rows()).find((row) => row.state === state)?.fingerprint;
  const events = async () => {
    const listed = await runNamed(connection.services, 'audit.list', { biller: slug }, actor);
    return (listed as { event: string; details: Record<string, unknown> }[]).map(({ event }) => event);
  };
  const force = { force: true, reason: 'test' };

  beforeAll(async () => {
    storage = await createTestStorage();
    connection = await storage.open();
  });
  afterAll(async () => {
    await connection.close();
    await storage.remove();
  });
  beforeEach(async () => {
    number += 1;
    slug = `biller-${number}`;
    const provider = { entityId: 'https://sp.example', acs: ['https://sp.example/acs'], sameServiceProvider: true };
    const settings = { rotation: 'overlap' };
    const input = { slug, name: slug, billerGuid: crypto.randomUUID(), keyType: 'EC-P256', settings, ...provider };
    await runNamed(connection.services, 'biller.add', input, actor);
  });
  const stage = () => operate('key.stage', { keyType: 'EC-P256' });

  test('a staged key is published after the active one, which still signs', {
    meta: { holds: ['IDP-057', 'IDP-082'], source: 'SAML Metadata 2.4.1.1' },
  }, async () => {
    const old = await fingerprintOf('active');
    await stage();
    const biller = await connection.services.billers.bySlug(slug);
    const keys = await connection.services.keys.ofBiller(biller.id);
    expect(keys.fingerprints).toEqual([old, await fingerprintOf('staged')]);
    expect(keys.active?.fingerprint).toBe(old);
    // The certificate in KeyInfo.
    const { certificate } = (await connection.services.keys.forSigning(biller.id))?.signer ?? {};
    expect(new X509Certificate(Buffer.from(certificate ?? '', 'base64')).fingerprint256.replaceAll(':', '')).toBe(
      old?.toUpperCase(),
    );
  });

  test('a rotation affects only one biller', {
    meta: { holds: ['IDP-085'], source: 'project rule' },
  }, async () => {
    const other = slug;
    const before = await rows();
    slug = `${slug}-second`;
    const provider = { entityId: 'https://sp.example', acs: ['https://sp.example/acs'], sameServiceProvider: true };
    const settings = { rotation: 'overlap' };
    const input = { slug, name: slug, billerGuid: crypto.randomUUID(), keyType: 'EC-P256', settings, ...provider };
    await runNamed(connection.services, 'biller.add', input, actor);
    await stage();
    await operate('key.activate', force);
    slug = other;
    expect(await rows()).toEqual(before);
  });

  test('backing out makes the old key active again and keeps the new one staged', {
    meta: { holds: ['IDP-086'], source: 'project rule' },
  }, async () => {
    const old = await fingerprintOf('active');
    await stage();
    const newer = await fingerprintOf('staged');
    await operate('key.activate', force);
    expect([await fingerprintOf('active'), await fingerprintOf('retiring')]).toEqual([newer, old]);
    await operate('key.back-out', { reason: 'their form was not saved' });
    expect([await fingerprintOf('active'), await fingerprintOf('staged')]).toEqual([old, newer]);
    // And over again.
    await operate('key.activate', force);
    expect(await fingerprintOf('active')).toBe(newer);
    expect(await events()).toEqual([
      'key.activated',
      'key.backed_out',
      'key.activated',
      'key.staged',
      'key.created',
      'biller.added',
    ]);
  });

  test('a retired key is gone from the metadata, and its private key from the database', {
    meta: { holds: ['IDP-087'], source: 'project rule' },
  }, async () => {
    await stage();
    await operate('key.activate', force);
    const old = await fingerprintOf('retiring');
    await expect(operate('key.retire', {})).rejects.toThrow('may still be on its way');
    await operate('key.retire', { force: true });
    const retired = (await rows()).find(({ fingerprint }) => fingerprint === old);
    expect(retired).toMatchObject({ state: 'retired', sealedPrivateKey: null, moduleLabel: null });
    const biller = await connection.services.billers.bySlug(slug);
    expect((await connection.services.keys.ofBiller(biller.id)).fingerprints).toEqual([await fingerprintOf('active')]);
  });

  test('a change that fails halfway changes nothing, and can be repeated', {
    meta: { holds: ['IDP-089'], source: 'project rule' },
  }, async () => {
    await stage();
    const before = await rows();
    const { audit } = connection.services;
    const { appendWithin } = audit;
    audit.appendWithin = () => Promise.reject(new Error('the process ended here'));
    await expect(operate('key.activate', force)).rejects.toThrow('the process ended here');
    audit.appendWithin = appendWithin;
    expect(await rows()).toEqual(before);
    await operate('key.activate', force);
    expect(await states()).toEqual(['active', 'retiring']);
  });

  test('a second staged key, an activation with a retiring key left, and a force without a reason are refused', async () => {
    await stage();
    await expect(stage()).rejects.toThrow(`${slug} has a staged key already.`);
    await expect(operate('key.activate', { force: true })).rejects.toThrow('reason: A reason is required');
    await operate('key.activate', force);
    await stage();
    await expect(operate('key.activate', force)).rejects.toThrow('still has a retiring key from the last rotation');
    await operate('key.retire', { staged: true });
    expect(await states()).toEqual(['active', 'retired', 'retiring']);
    await expect(operate('key.activate', force)).rejects.toThrow(`${slug} has no staged key.`);
  });

  test('a revoked active key is replaced in the same transaction, and the output says whom to tell what', async () => {
    const old = await fingerprintOf('active');
    await expect(operate('key.revoke', { reason: 'it leaked' })).rejects.toThrow('it needs a replacement');
    const result = await operate('key.revoke', { reason: 'it leaked', replace: 'EC-P256' });
    expect(result).toMatchObject({ revoked: old, replaced: true });
    expect((result as { tell: string[] }).tell[0]).toContain(`/saml/${slug}/metadata`);
    const revoked = (await rows()).find(({ fingerprint }) => fingerprint === old);
    expect(revoked).toMatchObject({ state: 'revoked', sealedPrivateKey: null });
    expect(await states()).toEqual(['active', 'revoked']);
  });
});

test('if two instances activate at the same time, one wins and both agree', {
  meta: { holds: ['IDP-088'], source: 'project rule' },
}, async () => {
  const storage = await createTestStorage('postgresql');
  const [one, other] = [await storage.open(), await storage.open()];
  try {
    const provider = { entityId: 'https://sp.example', acs: ['https://sp.example/acs'], sameServiceProvider: true };
    const input = {
      slug: 'riverton',
      name: 'Riverton',
      billerGuid: crypto.randomUUID(),
      keyType: 'EC-P256',
      ...provider,
    };
    await runNamed(one.services, 'biller.add', input, actor);
    const { id } = await one.services.billers.bySlug('riverton');
    await other.services.keys.ofBiller(id);
    for (let round = 0; round < 5; round += 1) {
      await runNamed(one.services, 'key.stage', { biller: 'riverton', keyType: 'EC-P256' }, actor);
      const activation = { biller: 'riverton', force: true, reason: 'test' };
      const outcomes = await Promise.allSettled(
        [one, other].map(({ services }) => runNamed(services, 'key.activate', activation, actor)),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const active = await keyInState(one.database.db, id, 'active');
      await expect
        .poll(
          async () => {
            const both = await Promise.all([one, other].map(({ services }) => services.keys.ofBiller(id)));
            return both.map((keys) => keys.active?.fingerprint);
          },
          { timeout: 20_000 },
        )
        .toEqual([active?.fingerprint, active?.fingerprint]);
      await runNamed(one.services, 'key.retire', { biller: 'riverton', force: true }, actor);
    }
  } finally {
    await one.close();
    await other.close();
    await storage.remove();
  }
});
