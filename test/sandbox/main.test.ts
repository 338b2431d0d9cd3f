import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../sandbox/settings.ts';
import { freePort } from '../support/programs/free-port.ts';

function startMain(env: Readonly<Record<string, string>>) {
  return spawn(process.execPath, ['sandbox/main.ts'], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function outcome(child: ReturnType<typeof startMain>) {
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { stdout, stderr, code, signal };
}

describe('settings', () => {
  test('have defaults', () => {
    expect(readSettings({})).toEqual({
      port: 4000,
      host: '127.0.0.1',
      publicUrl: 'http://127.0.0.1:4000',
      idpOrigins: ['http://localhost:3000'],
      storeFile: undefined,
    });
    expect(readSettings({ SANDBOX_PORT: '4100' }).publicUrl).toBe('http://127.0.0.1:4100');
    expect(readSettings({ SANDBOX_PUBLIC_URL: 'https://sso.example/' }).publicUrl).toBe('https://sso.example');
  });

  test.each([
    ['SANDBOX_PORT', '0'],
    ['SANDBOX_PORT', '65536'],
    ['SANDBOX_PORT', '4000x'],
    ['SANDBOX_HOST', 'a b'],
    ['SANDBOX_PUBLIC_URL', 'sandbox'],
    ['SANDBOX_PUBLIC_URL', 'http://elsewhere.example'],
    ['SANDBOX_PUBLIC_URL', 'http://127.0.0.1:4000/path'],
    ['SANDBOX_PUBLIC_URL', 'https://user:word@sso.example'],
    ['SANDBOX_IDP', 'http://idp.internal'],
    ['SANDBOX_PROT', '4000'],
  ])('%s=%s is refused with a sentence that names it', (name, value) => {
    expect(() => readSettings({ [name]: value })).toThrow(`${name} is "${value}", which can't be used: `);
  });
});

describe('the program', () => {
  test('ends with exit code 2 and one sentence on a bad setting', async () => {
    const { code, stderr, stdout } = await outcome(startMain({ SANDBOX_PORT: 'many' }));
    expect(stderr).toBe(`SANDBOX_PORT is "many", which can't be used: it must be a whole number from 1 to 65535.\n`);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test('says where it listens, responds, and exits cleanly on SIGTERM', async () => {
    const port = await freePort();
    const child = startMain({ SANDBOX_PORT: String(port) });
    const ended = outcome(child);
    // If it exits instead, the outcome contains its output.
    await Promise.race([once(child.stdout, 'data'), ended]);
    expect(child.exitCode).toBeNull();
    expect(await (await fetch(`http://127.0.0.1:${port}/health`)).json()).toEqual({ status: 'ok' });
    child.kill('SIGTERM');
    expect(await ended).toEqual({
      stdout: `Invoice Cloud sandbox listening at http://127.0.0.1:${port}\n`,
      stderr: '',
      code: 0,
      signal: null,
    });
  });

  test('reports a port in use', async () => {
    const other = createServer().listen(await freePort(), '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const { code, stderr } = await outcome(startMain({ SANDBOX_PORT: String(port) }));
      expect(stderr).toBe(
        `The sandbox can't listen on 127.0.0.1:${port} (SANDBOX_HOST, SANDBOX_PORT): the port is in use.\n`,
      );
      expect(code).toBe(1);
    } finally {
      other.close();
    }
  });
});
