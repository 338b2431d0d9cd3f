import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { markUsed, removeOldCopies } from '../../../../src/platform/database/embedded/old-copies.ts';

const USED = 'postgresql-0000000000000000';
const OLD = 'postgresql-1111111111111111';
const RECENT = 'postgresql-2222222222222222';
const ABANDONED = `${USED}.new-Ab12Cd`;
const DAY_MS = 24 * 60 * 60_000;

let cache: string;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
  for (const name of [USED, OLD, RECENT, ABANDONED, 'not-ours'])
    mkdirSync(join(cache, name, 'bin'), { recursive: true });
});
afterEach(() => rmSync(cache, { recursive: true, force: true }));

function age(...names: string[]): void {
  const before = new Date(Date.now() - 2 * DAY_MS);
  for (const name of names) utimesSync(join(cache, name), before, before);
}

test('copies of other versions that were not used for a day are removed, and so are abandoned ones', () => {
  age(USED, OLD, RECENT, ABANDONED, 'not-ours');
  markUsed(join(cache, RECENT));
  removeOldCopies(cache, join(cache, USED));
  expect(readdirSync(cache)).toEqual(['not-ours', USED, RECENT]);
});

test('a copy whose programs still run stays until they end', async () => {
  const program = join(cache, OLD, 'bin', 'sleep');
  copyFileSync(realpathSync('/bin/sleep'), program);
  chmodSync(program, 0o755);
  const running = spawn(program, ['600']);
  try {
    await once(running, 'spawn');
    age(OLD);
    removeOldCopies(cache, join(cache, USED));
    expect(readdirSync(cache)).toContain(OLD);
  } finally {
    running.kill('SIGKILL');
    await once(running, 'exit');
  }
  removeOldCopies(cache, join(cache, USED));
  expect(readdirSync(cache)).not.toContain(OLD);
});
