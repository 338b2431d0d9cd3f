import { describe, expect, test } from 'vitest';
import { listEvents } from '../../../src/core/audit/store.ts';
import { toBiller } from '../../../src/core/billers/biller.ts';
import { billerSettingsSchema } from '../../../src/core/billers/settings.ts';
import {
  allBillers,
  deleteBiller,
  findBiller,
  findBillerByGuid,
  insertBiller,
  updateBiller,
} from '../../../src/core/billers/store.ts';
import { activeKeys, insertKey, listKeys, publishedKeys } from '../../../src/core/keys/store.ts';
import { deleteTracesBefore, findTrace, insertTrace } from '../../../src/diagnostics/traces/store.ts';
import { newBillerRow, newKeyRow } from '../../support/postgres/rows.ts';
import { useTestStorage } from '../../support/postgres/use-storage.ts';

const at = (text: string) => new Date(`2026-03-01T${text}Z`);

describe('the stores', () => {
  const store = useTestStorage();
  const { addBiller } = store;

  test('a biller can be read back by slug and by BillerGUID, changed and removed', async () => {
    const biller = await addBiller();
    const row = await findBiller(store.db, biller.slug);
    expect(row).toMatchObject(biller);
    expect(row?.createdAt).toBeInstanceOf(Date);
    expect(await findBillerByGuid(store.db, biller.billerGuid)).toEqual(row);
    expect((await allBillers(store.db)).map(({ slug }) => slug)).toContain(biller.slug);

    await updateBiller(store.db, biller.id, { name: 'Riverton Water' }, at('09:00:00.456'));
    const changed = await findBiller(store.db, biller.slug);
    const version = expect.any(String);
    expect(changed).toEqual({ ...row, name: 'Riverton Water', updatedAt: at('09:00:00.456'), version });
    expect(changed?.version).not.toBe(row?.version);

    await deleteBiller(store.db, biller.id);
    expect(await findBiller(store.db, biller.slug)).toBeUndefined();
    expect(await findBillerByGuid(store.db, biller.billerGuid)).toBeUndefined();
  });

  test('a biller stored by an earlier version gets the defaults of newer settings', async () => {
    const biller = newBillerRow();
    const { clockSkewSeconds: _newer, ...older } = biller.settings;
    await insertBiller(store.db, { ...biller, settings: older as typeof biller.settings });
    const row = await findBiller(store.db, biller.slug);
    expect(row?.settings).toEqual(older);
    expect(row && toBiller(row, 'https://idp.example').settings).toEqual(billerSettingsSchema.parse(biller.settings));
  });

  test('signing keys are read back byte for byte; only published ones are listed for publication, the active one first', async () => {
    const biller = await addBiller();
    const keys = (['retired', 'staged', 'retiring', 'active', 'revoked'] as const).map((state, age) => ({
      ...newKeyRow(biller.id, state),
      createdAt: at(`08:00:0${age}.000`),
    }));
    for (const key of keys) await insertKey(store.db, key);
    const published = await publishedKeys(store.db, biller.id);
    expect(published.map(({ state }) => state)).toEqual(['active', 'staged', 'retiring']);
    expect(published[0]).toMatchObject(keys[3] ?? {});
    expect(published[0]?.sealedPrivateKey?.equals(keys[3]?.sealedPrivateKey as Buffer)).toBe(true);

    const listed = await listKeys(store.db, biller.id);
    expect(listed.map(({ state }) => state)).toEqual(['retired', 'staged', 'retiring', 'active', 'revoked']);
    expect(listed[0]).toMatchObject({ biller: biller.slug, fingerprint: keys[0]?.fingerprint });
    expect(listed[0]).not.toHaveProperty('sealedPrivateKey');
    expect(await listKeys(store.db)).toEqual(expect.arrayContaining(listed));
  });

  test('lists every active key with the settings of its biller, and no other key', async () => {
    const [withKey, without] = [await addBiller(), await addBiller()];
    const key = newKeyRow(withKey.id, 'active');
    await insertKey(store.db, key);
    await insertKey(store.db, newKeyRow(without.id, 'staged'));
    const { id: keyId, fingerprint, notAfter } = key;
    const { id: billerId, slug, settings } = withKey;
    const listed = await activeKeys(store.db);
    expect(listed).toContainEqual({ billerId, slug, settings, keyId, fingerprint, notAfter });
    expect(listed.map((row) => row.billerId)).not.toContain(without.id);
  });

  test('a trace is read back with its biller’s slug, has a unique reference, and expires', async () => {
    const biller = await addBiller();
    const trace = {
      code: 'acs_unknown',
      sentence: 'A “sentence”.',
      detail: 'ACS',
      checks: [{ check: 'version', passed: true }],
    };
    await insertTrace(store.db, 'maple-otter-lantern', biller.id, at('08:00:00.123'), trace);
    await insertTrace(store.db, 'maple-otter-lantern', undefined, at('09:00:00.000'), { ...trace, code: 'another' });
    await insertTrace(store.db, 'maple-otter-bell', undefined, at('09:00:00.000'), trace);
    const found = { reference: 'maple-otter-lantern', biller: biller.slug, at: at('08:00:00.123'), trace };
    expect(await findTrace(store.db, 'maple-otter-lantern')).toEqual(found);
    await deleteTracesBefore(store.db, at('08:00:00.123'));
    expect(await findTrace(store.db, 'maple-otter-lantern')).toEqual(found);
    await deleteTracesBefore(store.db, at('08:00:00.124'));
    expect(await findTrace(store.db, 'maple-otter-lantern')).toBeUndefined();
    expect(await findTrace(store.db, 'maple-otter-bell')).toMatchObject({ biller: null });
  });

  test('an audit event is read back with every given field, but without the email', async () => {
    const biller = await addBiller();
    const { audit, keyedHash } = store.connection.services;
    const userId = crypto.randomUUID();
    const details = {
      acs: 'https://sp.example/acs',
      nameIdFormat: 'emailAddress',
      signed: 'both “水” \\u0000',
      beganBy: 'password',
    };
    const given = {
      reference: 'amber-otter-lake',
      requestId: '_request',
      assertionId: '_assertion',
      keyFingerprint: 'ab12',
    };
    expect(
      await audit.append({
        event: 'assertion.issued',
        billerId: biller.id,
        userId,
        email: 'Ada@Example.com',
        details,
        ...given,
      }),
    ).toBe(true);
    const [row] = await listEvents(store.db, { emailHash: keyedHash.email('ada@example.com'), limit: 10 });
    const { id, at: when, ...rest } = row ?? { id: undefined, at: undefined };
    expect(rest).toEqual({ event: 'assertion.issued', biller: biller.slug, userId, address: null, details, ...given });
    expect(id).toBeTypeOf('number');
    expect(when).toBeInstanceOf(Date);
    expect(JSON.stringify(row)).not.toMatch(/ada@example/i);
  });
});
