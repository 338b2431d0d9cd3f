import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { controlSocketPath, SERVICE_ANSWER, takeControlSocket } from '../../../src/platform/database/control-socket.ts';
import { InputError } from '../../../src/platform/errors/idp-error.ts';

const HOLDER = new URL('./control-socket-holder.ts', import.meta.url).pathname;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Another process that takes the socket of the folder. It says what it got. */
async function startHolder(as: 'service' | 'command') {
  const child = fork(HOLDER, [folder, as]);
  const ended = once(child, 'exit');
  const [got] = await Promise.race([once(child, 'message'), ended]);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  return { got, end };
}

test('the socket of a running service can’t be taken by a second process', async () => {
  const holder = await startHolder('service');
  try {
    expect(holder.got).toBe('taken');
    expect(await takeControlSocket(folder)).toBeUndefined();
    expect((await startHolder('service')).got).toBe('in use');
  } finally {
    await holder.end('SIGKILL');
  }
});

test.each(['service', 'command'] as const)('the socket that a killed %s left is taken over', async (as) => {
  const holder = await startHolder(as);
  expect(holder.got).toBe('taken');
  await holder.end('SIGKILL');
  expect(existsSync(controlSocketPath(folder))).toBe(true);
  const socket = await takeControlSocket(folder);
  expect(socket).toBeDefined();
  await socket?.release();
});

test('a command that holds the socket is waited for', async () => {
  const first = await takeControlSocket(folder);
  let second: Awaited<ReturnType<typeof takeControlSocket>>;
  const taking = takeControlSocket(folder).then((socket) => {
    second = socket;
  });
  // The second has asked the first, and hears nothing.
  const asked = request({ socketPath: controlSocketPath(folder), path: '/' });
  asked.on('error', () => undefined).end();
  await once(asked, 'finish');
  expect(second).toBeUndefined();
  await first?.release();
  await taking;
  expect(second).toBeDefined();
  await second?.release();
});

test('who asked before the service could answer gets the answer of the service', async () => {
  const socket = await takeControlSocket(folder);
  const waiting = takeControlSocket(folder);
  const asked = request({ socketPath: controlSocketPath(folder), path: '/' });
  asked.end();
  const answered = once(asked, 'response');
  socket?.attach(createServer((_request, response) => response.end(SERVICE_ANSWER)));
  const [response] = await answered;
  expect(await response.toArray()).toEqual([Buffer.from(SERVICE_ANSWER)]);
  expect(await waiting).toBeUndefined();
  await socket?.release();
});

test('of many that come upon a dead socket at the same time, one at a time has it', async () => {
  await (await startHolder('command')).end('SIGKILL');
  let holding = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      const socket = await takeControlSocket(folder);
      holding += 1;
      most = Math.max(most, holding);
      await new Promise(setImmediate);
      holding -= 1;
      await socket?.release();
    }),
  );
  expect(most).toBe(1);
});

test('only the owner of the installation can open the socket', async () => {
  rmSync(folder, { recursive: true });
  const socket = await takeControlSocket(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(controlSocketPath(folder)).mode & 0o777).toBe(0o600);
  await socket?.release();
  expect(existsSync(controlSocketPath(folder))).toBe(false);
});

test('a folder whose path no socket can have is refused with a sentence', async () => {
  const deep = join(folder, 'a'.repeat(60), 'b'.repeat(60));
  await expect(takeControlSocket(deep)).rejects.toThrow(
    new InputError(
      `Setting DATA_DIR is too long a path for its control socket: "${deep}/control.sock". Accepted are 103 bytes with "/control.sock".`,
    ),
  );
});

test('a process that died while it cleared a dead socket away holds nobody up for long', async () => {
  await (await startHolder('command')).end('SIGKILL');
  const path = controlSocketPath(folder);
  const { ino, ctimeNs } = lstatSync(path, { bigint: true });
  const claim = `${path}.${ino}-${ctimeNs}`;
  writeFileSync(claim, '');
  utimesSync(claim, new Date(0), new Date(0));
  const socket = await takeControlSocket(folder);
  expect(socket).toBeDefined();
  await socket?.release();
  expect(readdirSync(folder)).toEqual([]);
});
