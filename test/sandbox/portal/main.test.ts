import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, test } from 'vitest';
import { freePort } from '../../support/programs/free-port.ts';

const folder = mkdtempSync(join(tmpdir(), 'ic-idp-portal-'));
afterAll(() => rmSync(folder, { recursive: true }));
const [keyFile, usersFile] = [join(folder, 'key'), join(folder, 'users.json')];
writeFileSync(keyFile, `icidp_0123456789ab_${'k'.repeat(43)}\n`);
const accounts = [{ number: '1', role: 'owner' }];
writeFileSync(usersFile, JSON.stringify([{ id: 'u-1', name: 'A', email: 'a@example.com', password: 'x', accounts }]));

const start = (env: Readonly<Record<string, string>>) =>
  spawn(process.execPath, ['sandbox/portal/main.ts'], {
    env: { PATH: process.env.PATH, PORTAL_API_KEY_FILE: keyFile, PORTAL_USERS: usersFile, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
async function outcome(child: ReturnType<typeof start>) {
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { stdout, stderr, code, signal };
}

test('ends with exit code 2 and one sentence on a bad setting', async () => {
  const { code, stderr } = await outcome(start({ PORTAL_PORT: 'many' }));
  expect(stderr).toBe(`PORTAL_PORT is "many", which can't be used: it must be a whole number from 1 to 65535.\n`);
  expect(code).toBe(2);
});

test('ends with exit code 1 and one sentence if its port is in use', async () => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await outcome(start({ PORTAL_PORT: String(port) }));
  server.close();
  expect(stderr).toMatch(/^The portal can't listen on .* \(PORTAL_HOST, PORTAL_PORT\): the port is in use\.\n$/);
  expect(code).toBe(1);
});

test('says where it listens, responds, and exits cleanly on SIGTERM', async () => {
  const port = await freePort();
  const child = start({ PORTAL_PORT: String(port) });
  const ended = outcome(child);
  // If it exits instead, the outcome contains its output.
  await Promise.race([once(child.stdout, 'data'), ended]);
  expect(child.exitCode).toBeNull();
  expect(await (await fetch(`http://127.0.0.1:${port}/health`)).json()).toEqual({ status: 'ok' });
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0, stdout: `Portal listening at http://127.0.0.1:${port}\n` });
});
