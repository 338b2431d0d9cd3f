import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { createTestStorage, type TestConnection, type TestStorage } from '../support/postgres/storage.ts';
import { ofCheckout, plainEnvironment } from '../support/programs/cli.ts';

let storage: TestStorage;
let connection: TestConnection;
let file: string;
let state: string;

beforeEach(async () => {
  storage = await createTestStorage();
  connection = await storage.open();
  file = join(storage.folder, 'audit.jsonl');
  state = join(storage.folder, 'shipped');
});
afterEach(async () => {
  await connection.close();
  await storage.remove();
});

/** A program in a folder of its own. @returns the folder */
function program(name: string, lines: readonly string[]): string {
  const folder = join(storage.folder, `bin-${crypto.randomUUID()}`);
  mkdirSync(folder);
  writeFileSync(join(folder, name), ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(join(folder, name), 0o755);
  return folder;
}

const IC_IDP = `"${process.execPath}" "${ofCheckout('src/admin/cli/ic-idp.js')}" "$@"`;

/** Runs the script to its end. @returns its signal or exit code, and standard error */
async function ship({ command = [`exec ${IC_IDP}`], path = '' } = {}) {
  const env = plainEnvironment({ ...storage.environment, AUDIT_FILE: file, AUDIT_STATE: state });
  const child = spawn(ofCheckout('deploy/audit-ship/ship.sh'), {
    cwd: storage.folder,
    env: { ...env, PATH: `${path}:${env.PATH}`, IC_IDP: join(program('ic-idp', command), 'ic-idp') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [stderr, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return { ended: signal ?? code, stderr };
}
const DONE = { ended: 0, stderr: '' };
const KILLED = { ended: 'SIGKILL', stderr: '' };

/** Appends events as several instances do, at the same time. */
async function append(count: number): Promise<void> {
  const details = { reason: 'wrong_password' } as const;
  await Promise.all(
    Array.from({ length: count }, () =>
      connection.services.audit.append({ event: 'sign_in.failed', reference: crypto.randomUUID(), details }),
    ),
  );
}

const shipped = (path = file) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { id: number }).id);

async function recorded(): Promise<number[]> {
  const input = { after: 0, limit: 10_000 };
  const events = await runNamed(connection.services, 'audit.list', input, actorWithEveryRole('test'));
  return (events as { id: number }[]).map(({ id }) => id);
}

test('each run ships what is new, in order, over several pages, and nothing if nothing is new', async () => {
  expect(await ship()).toEqual(DONE);
  expect(readFileSync(file, 'utf8')).toBe('');
  await append(1_300);
  expect(await ship()).toEqual(DONE);
  expect(shipped()).toEqual(await recorded());
  expect(await ship()).toEqual(DONE);
  await append(3);
  expect(await ship()).toEqual(DONE);
  expect(shipped()).toEqual(await recorded());
  expect(shipped()).toHaveLength(1_303);
});

test.each([
  ['in the middle of a line', { command: [`${IC_IDP} | head -c 700`, 'kill -9 $PPID'] }],
  ['at the end of a page', { command: [IC_IDP, 'kill -9 $PPID'] }],
  ['before anything is written', { command: ['kill -9 $PPID'] }],
])('nothing is lost or doubled if a run is killed %s', async (_when, how) => {
  await append(5);
  expect(await ship()).toEqual(DONE);
  await append(20);
  expect(await ship(how)).toEqual(KILLED);
  await append(5);
  expect(await ship()).toEqual(DONE);
  expect(shipped()).toEqual(await recorded());
});

test('nothing is lost or doubled if a run is killed before its state is saved', async () => {
  await append(20);
  expect(await ship({ path: program('mv', ['kill -9 $PPID']) })).toEqual(KILLED);
  expect(existsSync(state)).toBe(false);
  await append(5);
  expect(await ship()).toEqual(DONE);
  expect(shipped()).toEqual(await recorded());
});

test('nothing is lost or doubled if a command fails half way, and the next run goes on', async () => {
  await append(20);
  const failed = await ship({ command: [`${IC_IDP} | head -c 900`, 'exit 1'] });
  expect(failed.ended).toBe(1);
  expect(await ship()).toEqual(DONE);
  expect(shipped()).toEqual(await recorded());
});

test('goes on after the file was rotated', async () => {
  await append(5);
  expect(await ship()).toEqual(DONE);
  renameSync(file, `${file}.1`);
  await append(5);
  expect(await ship()).toEqual(DONE);
  expect([...shipped(`${file}.1`), ...shipped()]).toEqual(await recorded());
  // A run that finds no event leaves an empty file, and the next one must not begin at 0.
  renameSync(file, `${file}.2`);
  expect(await ship()).toEqual(DONE);
  expect(await ship()).toEqual(DONE);
  expect(readFileSync(file, 'utf8')).toBe('');
});

test('ships while events are written, and two runs at the same time do not mix', async () => {
  const writer = (async () => {
    for (let batch = 0; batch < 150; batch += 1) await append(10);
  })();
  for (let run = 0; run < 3; run += 1) {
    const ends = await Promise.all([ship(), ship()]);
    expect(ends).toEqual([DONE, DONE]);
  }
  await writer;
  expect(await ship()).toEqual(DONE);
  expect(shipped()).toEqual(await recorded());
});
