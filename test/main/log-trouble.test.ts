import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createTestStorage, type TestStorage } from '../support/postgres/storage.ts';
import { freePort } from '../support/programs/free-port.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;
/** More than a pipe and the service's own room for waiting lines hold. */
const LINES = 10_000;
/** Makes the service warn on standard error, again and again. */
const WARN = "--import=data:text/javascript,setInterval(()=>process.emitWarning('again'),5).unref()";

let storage: TestStorage;
let child: ChildProcess;
let url: string;
const agent = new Agent({ keepAlive: true, maxSockets: 8 });
const open: number[] = [];
beforeAll(async () => {
  storage = await createTestStorage();
});
afterAll(() => storage.remove());
afterEach(() => {
  child.kill('SIGKILL');
  for (const fd of open.splice(0)) closeSync(fd);
});

/** A pipe. @returns both ends */
function makePipe(): { reader: number; writer: number } {
  const path = join(storage.folder, `pipe-${crypto.randomUUID()}`);
  execFileSync('mkfifo', [path]);
  // Opening one end waits for the other, except like this.
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { reader, writer: openSync(path, 'w') };
}

/** Writes until there is no more room. */
function fill(writer: number): void {
  const nonBlocking = openSync(`/proc/self/fd/${writer}`, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(nonBlocking, 'x'.repeat(512));
  } catch (error) {
    expect(error).toMatchObject({ code: 'EAGAIN' });
  } finally {
    closeSync(nonBlocking);
  }
}

const outputs: Record<string, () => number> = {
  'a full disk': () => openSync('/dev/full', 'w'),
  'a pipe that nobody reads'() {
    const { reader, writer } = makePipe();
    open.push(reader);
    fill(writer);
    return writer;
  },
  'a pipe whose reader is gone'() {
    const { reader, writer } = makePipe();
    closeSync(reader);
    return writer;
  },
};

function get(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(`${url}${path}`, { agent, timeout: 20_000 }, (response) => {
      let body = `${response.statusCode} `;
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => resolve(body));
    });
    asking.on('timeout', () => asking.destroy(new Error('the service does not answer')));
    asking.on('error', reject).end();
  });
}

/** Starts the service with standard output or standard error at a place. */
async function start(stream: 'stdout' | 'stderr', fd: number, more: Record<string, string> = {}): Promise<void> {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  child = spawn(process.execPath, [MAIN], {
    cwd: storage.folder,
    env: { PATH: process.env.PATH, ...storage.environment, PORT: String(port), ...more },
    stdio: ['ignore', stream === 'stdout' ? fd : 'ignore', stream === 'stderr' ? fd : 'ignore'],
  });
  closeSync(fd);
  await vi.waitUntil(() => get('/health/live').then(Boolean, () => false), { timeout: 60_000, interval: 100 });
}

async function stop(): Promise<unknown> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = await exited;
  return code;
}

const lostLines = async () => Number(/^ic_idp_log_lines_lost_total (\d+)$/m.exec(await get('/metrics'))?.[1]);

describe.each(Object.keys(outputs))('with standard output at %s', (name) => {
  test('the service serves, counts the lines it loses, and stops when asked', async () => {
    await start('stdout', outputs[name]?.() ?? 0);
    const ask = async () => {
      for (let turn = 0; turn < LINES / 8; turn += 1) expect(await get('/health/live')).toMatch(/^200 /);
    };
    await Promise.all(Array.from({ length: 8 }, ask));
    expect(await lostLines()).toBeGreaterThan(LINES / 4);
    expect(await stop()).toBe(0);
  });
});

test.each(Object.keys(outputs))('with standard error at %s the service serves and stops', async (name) => {
  await start('stderr', outputs[name]?.() ?? 0, { NODE_OPTIONS: WARN });
  for (let turn = 0; turn < 100; turn += 1) expect(await get('/health/live')).toMatch(/^200 /);
  expect(await lostLines()).toBe(0);
  expect(await stop()).toBe(0);
});
