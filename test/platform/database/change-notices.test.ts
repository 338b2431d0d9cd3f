import pg from 'pg';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { deleteBiller, insertBiller, updateBiller } from '../../../src/core/billers/store.ts';
import { insertKey } from '../../../src/core/keys/store.ts';
import { LISTENER } from '../../../src/platform/database/change-listener.ts';
import type { ChangeListener, Database } from '../../../src/platform/database/database.ts';
import { type Cable, layCable } from '../../support/postgres/cable.ts';
import { newBillerRow, newKeyRow } from '../../support/postgres/rows.ts';
import { createTestStorage, type TestConnection, type TestStorage } from '../../support/postgres/storage.ts';

/** Every instance drops stale cache entries within a second of a change (project rule). */
const PROMISED_MS = 1_000;

let storage: TestStorage;
let connections: TestConnection[] = [];
let cable: Cable | undefined;

afterEach(async () => {
  cable?.resume();
  for (const connection of connections) await connection.close();
  connections = [];
  await cable?.cut();
  cable = undefined;
  await storage.remove();
});

async function open(url?: string): Promise<TestConnection> {
  const connection = await storage.open(url);
  connections.push(connection);
  return connection;
}

/**
 * Awaits the notice of a biller, or of undefined. A busy machine may delay one, so tests take the fastest of several.
 *
 * @returns how long it took, in milliseconds
 */
function notice(database: Database, billerId: string | undefined): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const began = performance.now();
  const late = setTimeout(() => reject(new Error(`no notice of ${billerId} came`)), 10_000);
  const listener: ChangeListener = (changed) => {
    if (changed !== billerId) return;
    clearTimeout(late);
    resolve(performance.now() - began);
  };
  database.onChange(listener);
  // It may reject before anything awaits it.
  promise.catch(() => undefined);
  return promise;
}

/** Resolves when this instance is sure to receive notices: its own notice came back, or it reported that it listens. */
async function hears({ db, onChange }: Database): Promise<void> {
  const biller = newBillerRow();
  const heard = new Promise<void>((resolve) => onChange((id) => (id === biller.id || id === undefined) && resolve()));
  await insertBiller(db, biller);
  await heard;
  await deleteBiller(db, biller.id);
}

describe('a change notice', () => {
  test('every change of a biller or a signing key sends a notice with the biller’s id', async () => {
    storage = await createTestStorage();
    const { database } = await open();
    const { db } = database;
    await hears(database);
    const biller = newBillerRow();
    const changes: (() => Promise<unknown>)[] = [
      () => insertBiller(db, biller),
      () => updateBiller(db, biller.id, { name: 'Riverton' }, new Date()),
      () => insertKey(db, newKeyRow(biller.id, 'staged')),
      () => db.updateTable('signingKeys').set({ state: 'active' }).where('billerId', '=', biller.id).execute(),
      () => db.deleteFrom('signingKeys').where('billerId', '=', biller.id).execute(),
      () => deleteBiller(db, biller.id),
    ];
    const took: number[] = [];
    for (const change of changes) {
      const noticed = notice(database, biller.id);
      await change();
      took.push(await noticed);
    }
    expect(Math.min(...took)).toBeLessThan(PROMISED_MS);
  });

  test('a change that is rolled back sends no notice', async () => {
    storage = await createTestStorage();
    const { database } = await open();
    await hears(database);
    const [undone, done] = [newBillerRow(), newBillerRow()];
    const notices: (string | undefined)[] = [];
    database.onChange((id) => notices.push(id));
    const rolledBack = database.transaction(async (transaction) => {
      await insertBiller(transaction, undone);
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    const arrived = notice(database, done.id);
    await insertBiller(database.db, done);
    // Notices come in the order of their commits, so one of the first would be here by now.
    await arrived;
    expect(notices).not.toContain(undone.id);
  });
});

describe('two instances on one PostgreSQL', () => {
  test('a biller changed on one is reloaded by the other within a second', {
    meta: { holds: ['IDP-088'], source: 'project rule' },
  }, async () => {
    storage = await createTestStorage('postgresql');
    const [one, two] = [await open(), await open()];
    await hears(two.database);
    const biller = newBillerRow();
    await insertBiller(one.database.db, biller);
    const { billers, keys } = two.services;
    expect((await billers.bySlug(biller.slug)).name).toBe(biller.name);
    expect((await keys.ofBiller(biller.id)).certificates).toEqual([]);
    // It is cached now: the same object is returned.
    expect(await billers.bySlug(biller.slug)).toBe(await billers.bySlug(biller.slug));

    const renamed = notice(two.database, biller.id);
    await updateBiller(one.database.db, biller.id, { name: 'Riverton Water' }, new Date());
    await renamed;
    expect((await billers.bySlug(biller.slug)).name).toBe('Riverton Water');

    const staged = newKeyRow(biller.id, 'staged');
    const keyed = notice(two.database, biller.id);
    await insertKey(one.database.db, staged);
    await keyed;
    expect((await keys.ofBiller(biller.id)).certificates).toEqual([staged.certificate]);

    const removed = notice(two.database, biller.id);
    await deleteBiller(one.database.db, biller.id);
    await removed;
    await expect(billers.bySlug(biller.slug)).rejects.toMatchObject({ code: 'biller_unknown' });
  });

  test('an instance that can’t listen drops its caches at every attempt, and receives notices again afterwards', async () => {
    storage = await createTestStorage('postgresql');
    const [one, deaf] = [await open(), await open()];
    await hears(deaf.database);
    const biller = newBillerRow();
    await insertBiller(one.database.db, biller);
    const nameSeen = async () => (await deaf.services.billers.bySlug(biller.slug)).name;
    const rename = (name: string) => updateBiller(one.database.db, biller.id, { name }, new Date());
    const admin = new pg.Client({ connectionString: inject('postgresUrl') });
    await admin.connect();
    const name = new URL(storage.environment.DATABASE_URL ?? '').pathname.slice(1);
    try {
      const lost = notice(deaf.database, undefined);
      // Open connections stay; listening ones are cut and can't reconnect.
      await admin.query(`alter database ${name} with allow_connections false`);
      await admin.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name = $2',
        [name, LISTENER],
      );
      await lost;
      const took: number[] = [];
      for (const next of ['Riverton Water', 'Riverton Water and Power', 'Riverton Water and Sons']) {
        await nameSeen();
        await rename(next);
        took.push(await notice(deaf.database, undefined));
        expect(await nameSeen()).toBe(next);
      }
      expect(Math.min(...took)).toBeLessThan(PROMISED_MS);
      await admin.query(`alter database ${name} with allow_connections true`);
      await notice(deaf.database, undefined);
      const noticed = notice(deaf.database, biller.id);
      await rename('City of Riverton');
      await noticed;
      expect(await nameSeen()).toBe('City of Riverton');
    } finally {
      await admin.end();
    }
  });

  test('an instance whose connection stalls without breaking drops its caches again and again', async () => {
    storage = await createTestStorage('postgresql');
    cable = await layCable(storage.environment.DATABASE_URL ?? '');
    const [one, deaf] = [await open(), await open(cable.url)];
    await hears(deaf.database);
    const biller = newBillerRow();
    await insertBiller(one.database.db, biller);
    const nameSeen = async () => (await deaf.services.billers.bySlug(biller.slug)).name;
    cable.deafen();
    for (const name of ['Riverton Water', 'Riverton Water and Power', 'Riverton Water and Sons']) {
      await nameSeen();
      await updateBiller(one.database.db, biller.id, { name }, new Date());
      await notice(deaf.database, undefined);
      expect(await nameSeen()).toBe(name);
    }
    cable.resume();
    const noticed = notice(deaf.database, biller.id);
    await updateBiller(one.database.db, biller.id, { name: 'City of Riverton' }, new Date());
    await noticed;
  });
});
