/** The old master key is thrown away at the end of a rotation: until then nothing may be sealed with it unnoticed. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { createServices, type Services } from '../../src/app.ts';
import { openKeyedHash } from '../../src/core/audit/keyed-hash.ts';
import { readWebhook } from '../../src/core/expiry/webhook.ts';
import { createMasterKey } from '../../src/core/secrets/master-key.ts';
import { embeddedMasterKeyFile } from '../../src/core/secrets/master-key-source.ts';
import { verifyMasterKey } from '../../src/core/secrets/verify-master-key.ts';
import { TEST_ACS, TEST_SP } from '../support/installation.ts';
import { createTestStorage, type TestConnection, type TestStorage } from '../support/postgres/storage.ts';

const actor = actorWithEveryRole('test');
const folder = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
let number = 0;
let path: string;
let storage: TestStorage;
let opened: TestConnection[] = [];
/** A command that changes something, and one that rotates the master key: each is a process of its own. */
let command: Services;
let rotator: Services;

/** Opens the installation as a process does that keeps its master key in a file. */
async function open(): Promise<Services> {
  const connection = await storage.open();
  opened.push(connection);
  const masterKeyFile = embeddedMasterKeyFile(path);
  const masterKey = createMasterKey(...masterKeyFile.read());
  masterKey.follow(masterKeyFile.read);
  await verifyMasterKey(connection.database.db, masterKey);
  const keyedHash = await openKeyedHash(connection.database.db, masterKey);
  const { database } = connection;
  return createServices({ publicUrl: 'https://idp.example', database, masterKey, keyedHash, masterKeyFile });
}

beforeAll(async () => {
  storage = await createTestStorage();
});
afterAll(async () => {
  await storage?.remove();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  number += 1;
  path ??= join(folder, 'master.key');
  command = await open();
  rotator = await open();
});
afterEach(async () => {
  for (const connection of opened) await connection.close();
  opened = [];
});

const addBiller = (slug: string) =>
  runNamed(
    command,
    'biller.add',
    {
      slug,
      name: slug,
      billerGuid: crypto.randomUUID(),
      entityId: `${TEST_SP}/${slug}`,
      acs: [TEST_ACS],
      keyType: 'EC-P256',
    },
    actor,
  );
const rotate = (services = rotator) =>
  runNamed(services, 'master-key.rotate', {}, actor) as Promise<{ resealed: number }>;
const keysInFile = () => readFileSync(path, 'utf8').trim().split('\n');

/** Everything can be unsealed by a process that knows only what is in the file. */
async function expectAllUnsealed() {
  const fresh = await open();
  expect(keysInFile()).toHaveLength(1);
  expect(await runNamed(fresh, 'master-key.status', {}, actor)).toMatchObject({ other: 0 });
  for (const { id } of await fresh.billers.all()) expect((await fresh.keys.ofBiller(id)).active).toBeDefined();
}

/** Stops a command before it writes its audit event and commits, and lets it go on later. */
function pauseBeforeCommit(services: Services) {
  const { audit } = services;
  const { appendWithin } = audit;
  let arrived = () => {};
  let goOn = () => {};
  const there = new Promise<void>((resolve) => (arrived = resolve));
  const go = new Promise<void>((resolve) => (goOn = resolve));
  audit.appendWithin = async (...args) => {
    audit.appendWithin = appendWithin;
    arrived();
    await go;
    await appendWithin(...args);
  };
  return { there, goOn };
}

test('a secret that another command has sealed with the old key and not yet committed is resealed', async () => {
  const pause = pauseBeforeCommit(command);
  const adding = addBiller(`waiting-${number}`);
  // Its key is sealed and inserted; the rotation can't see it.
  await pause.there;
  const rotating = rotate();
  const first = await Promise.race([rotating.then(() => 'rotated'), rotatorWaits().then(() => 'waits')]);
  expect(first).toBe('waits');
  pause.goOn();
  await Promise.all([adding, rotating]);
  await expectAllUnsealed();
});

/** Resolves when the rotation waits for the lock that the command holds. */
async function rotatorWaits(): Promise<void> {
  const waiting = {
    name: 'test-waiting',
    text: "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%installation%'",
  };
  while ((await rotator.database.query(waiting, [])).length === 0);
}

test('a secret that was sealed before the rotation and comes after it is refused, and nothing is stored', async () => {
  const { keys } = command;
  const { make } = keys;
  keys.make = async (request) => {
    keys.make = make;
    const key = await make(request);
    await rotate();
    return key;
  };
  await expect(addBiller(`late-${number}`)).rejects.toMatchObject({ code: 'master_key_changed' });
  await expect(command.billers.bySlug(`late-${number}`)).rejects.toMatchObject({ code: 'biller_unknown' });
  // The second attempt seals with the new key, which the command reads from the file.
  await addBiller(`late-${number}`);
  await expectAllUnsealed();
});

test('a webhook that is changed while its old one is being resealed stays', async () => {
  const set = (url: string) => runNamed(command, 'webhook.set', { url }, actor);
  await set('https://old.example/');
  const { masterKey, database } = rotator;
  // Between the reading of all secrets and their replacement, one by one.
  const { isCurrent } = masterKey;
  let changed: Promise<unknown> | undefined;
  masterKey.isCurrent = (sealed, context) => {
    changed ??= set('https://new.example/');
    return isCurrent(sealed, context);
  };
  await rotate();
  await changed;
  expect((await readWebhook(database.db, masterKey))?.url).toBe('https://new.example/');
  await expectAllUnsealed();
});

test('rotations at the same time, by several processes, lose nothing', async () => {
  for (let biller = 0; biller < 5; biller += 1) await addBiller(`several-${number}-${biller}`);
  const processes = [rotator, await open(), await open()];
  const before = keysInFile();
  const outcomes = await Promise.allSettled(processes.map((services) => rotate(services)));
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'master_key_changed' });
  }
  expect(outcomes.map(({ status }) => status)).toContain('fulfilled');
  expect(keysInFile()).not.toEqual(before);
  await expectAllUnsealed();
});
