import { afterEach, beforeEach, expect, test } from 'vitest';
import { insertBiller } from '../../../src/core/billers/store.ts';
import { type Opener, settleAddress } from '../../../src/core/installation/address.ts';
import { createTestStorage, type TestConnection, type TestStorage } from '../../support/postgres/storage.ts';
import { newBiller } from '../billers/biller.ts';

const PUBLIC = 'https://sso.riverton.example';
const OTHER = 'https://sso.springfield.example';
const LOCAL = 'http://localhost:3000';

let storage: TestStorage;
let connection: TestConnection;
beforeEach(async () => {
  storage = await createTestStorage();
  connection = await storage.open();
});
afterEach(async () => {
  await connection.close();
  await storage.remove();
});
const settle = (publicUrl: string, opener: Opener = 'service') =>
  settleAddress(connection.database.db, publicUrl, opener);
async function addBiller() {
  const { id, slug, name, billerGuid, serviceProvider, settings, pairwiseSalt } = newBiller();
  await insertBiller(connection.database.db, { id, slug, name, billerGuid, serviceProvider, settings, pairwiseSalt });
}

test('another address is refused once there is a biller, with the address that is meant and the command that moves', async () => {
  expect(await settle(PUBLIC)).toBe(PUBLIC);
  // Nobody was given an address yet.
  expect(await settle(OTHER)).toBe(OTHER);
  expect(await settle(PUBLIC)).toBe(PUBLIC);
  await addBiller();
  expect(await settle(PUBLIC)).toBe(PUBLIC);
  for (const opener of ['service', 'command'] as const) {
    await expect(settle(OTHER, opener)).rejects.toThrow(
      `The public address of this installation is ${PUBLIC}, and PUBLIC_URL is ${OTHER}.`,
    );
    await expect(settle(OTHER, opener)).rejects.toThrow(`ic-idp installation move ${OTHER}`);
  }
});

test('a service that forgot PUBLIC_URL is refused, and a command uses the address of the installation', async () => {
  await settle(PUBLIC);
  await addBiller();
  await expect(settle(LOCAL)).rejects.toThrow(`Set PUBLIC_URL=${PUBLIC}.`);
  expect(await settle(LOCAL, 'command')).toBe(PUBLIC);
});

test('a trial on this machine may change its port, but not become public without a word', async () => {
  await settle(LOCAL);
  await addBiller();
  expect(await settle('http://localhost:4001')).toBe('http://localhost:4001');
  expect(await settle(LOCAL, 'command')).toBe('http://localhost:4001');
  await expect(settle(PUBLIC)).rejects.toThrow('The public address of this installation is http://localhost:4001');
});
