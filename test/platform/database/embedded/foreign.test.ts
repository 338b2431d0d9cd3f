/** What another user of the machine puts into DATA_DIR gets neither the password nor a second server. */

import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dataFolderPath } from '../../../../src/platform/database/embedded/data-folder.ts';
import { openEmbeddedServer } from '../../../../src/platform/database/embedded/embedded-server.ts';
import { InputError } from '../../../../src/platform/errors/idp-error.ts';
import { ask, makeDataDir, pidOfServer, startUserProcess } from '../../../support/postgres/embedded-server.ts';
import { layEmbeddedDatabase } from '../../../support/postgres/embedded-template.ts';

const STRANGER = 54_321;
const SLOW = 60_000;
let dataDir: string;
let remove: () => Promise<void>;
let socket: string;
let listening: Server[] = [];
let received: Buffer[] = [];
let connections: Socket[] = [];

beforeEach(async () => {
  ({ dataDir, remove } = await makeDataDir());
  socket = join(dataFolderPath(dataDir), '.s.PGSQL.5432');
});
afterEach(async () => {
  for (const connection of connections) connection.destroy();
  for (const server of listening) server.close();
  [listening, connections, received] = [[], [], []];
  await remove();
});

/** A server that asks everyone for the password in the clear. It is told what to ask by PostgreSQL's protocol, 54.7. */
async function askForPasswords(path: string): Promise<void> {
  const server = createServer((connection) => {
    connections.push(connection);
    connection.on('error', () => undefined);
    connection.on('data', (data) => {
      received.push(data);
      connection.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
    });
  }).listen(path);
  listening.push(server);
  await once(server, 'listening');
}

async function refusal(): Promise<string> {
  try {
    await (await openEmbeddedServer(dataDir)).release();
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('it was used');
}

test('a link to a socket elsewhere, left in the folder while it was open to others, is not used', async () => {
  await layEmbeddedDatabase(dataDir);
  const elsewhere = join(dataDir, 'elsewhere');
  await askForPasswords(elsewhere);
  symlinkSync(elsewhere, socket);
  expect(await refusal()).toBe(
    `${socket} is not a socket, so the service does not connect to it. Check that nothing else in that folder was changed, then remove it.`,
  );
  expect([received, pidOfServer(dataDir)]).toEqual([[], undefined]);
});

describe.runIf(process.getuid?.() === 0)('for root,', () => {
  test('a socket of another user, left in the folder while it was open to others, is not used', async () => {
    await layEmbeddedDatabase(dataDir);
    await askForPasswords(socket);
    lchownSync(socket, STRANGER, STRANGER);
    expect(await refusal()).toContain(
      `${socket} belongs to another user (id ${STRANGER}), so the service does not connect`,
    );
    expect([received, pidOfServer(dataDir)]).toEqual([[], undefined]);
  });

  test('a database folder of another user in a DATA_DIR that everyone can change is not used, nor changed', async () => {
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o777);
    const folder = dataFolderPath(dataDir);
    mkdirSync(folder, { mode: 0o700 });
    await askForPasswords(socket);
    const password = join(folder, 'pgpass');
    writeFileSync(password, '*:*:ic_idp:ic_idp:planted\n', { mode: 0o600 });
    writeFileSync(join(folder, 'PG_VERSION'), '18\n');
    for (const path of [password, socket, folder]) chownSync(path, STRANGER, STRANGER);
    const before = readdirSync(folder);
    expect(await refusal()).toContain(`The database folder ${folder} belongs to user ID ${STRANGER}`);
    expect(received).toEqual([]);
    expect(readdirSync(folder)).toEqual(before);
  });
});

test('while a server runs whose socket was removed, no second one is started on its folder', {
  timeout: SLOW,
}, async () => {
  await layEmbeddedDatabase(dataDir);
  const user = startUserProcess(dataDir);
  await user.ready;
  const pid = pidOfServer(dataDir);
  expect(pid).toBeDefined();
  rmSync(socket);
  expect(await refusal()).toContain('is running, but its socket, .s.PGSQL.5432 in that folder, was removed');
  expect(pidOfServer(dataDir)).toBe(pid);
  // As the message says.
  user.release();
  await user.ended;
  expect(pidOfServer(dataDir)).toBeUndefined();
  const server = await openEmbeddedServer(dataDir);
  expect(await ask(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  await server.release();
});

test('a socket that is moved away and replaced while the server runs gets no second server either', {
  timeout: SLOW,
}, async () => {
  await layEmbeddedDatabase(dataDir);
  const user = startUserProcess(dataDir);
  await user.ready;
  const pid = pidOfServer(dataDir);
  renameSync(socket, `${socket}.away`);
  writeFileSync(socket, '');
  expect(await refusal()).toContain('is not a socket');
  expect(pidOfServer(dataDir)).toBe(pid);
  rmSync(socket);
  renameSync(`${socket}.away`, socket);
  const server = await openEmbeddedServer(dataDir);
  expect(pidOfServer(dataDir)).toBe(pid);
  await server.release();
  user.release();
  await user.ended;
});
