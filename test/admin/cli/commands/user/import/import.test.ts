import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../../../../../support/programs/cli.ts';
import { createImports, HEADING, type Imports, linesOf } from './users.ts';

let imports: Imports;
beforeAll(async () => {
  imports = await createImports();
});
afterEach(() => imports.clear());
afterAll(() => imports?.remove());

const json = ({ stdout }: Outcome) => JSON.parse(stdout) as Record<string, unknown>;

test('users are added with the accounts of all their lines, in the order of the lines', async () => {
  imports.write('u-2,b@example.com,9,owner', 'u-1,a@example.com,2,owner', 'u-2,b@example.com,1,co-owner');
  const outcome = await imports.run();
  expect(outcome).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('2 users: 2 added, 0 changed, 0 unchanged.'),
  });
  expect(outcome.stderr).toContain('2 users: 2 to be added, 0 to be changed, 0 unchanged.');
  expect(await imports.stored()).toEqual([
    { source: 'portal', id: 'u-1', email: 'a@example.com', accounts: ['2:owner'] },
    { source: 'portal', id: 'u-2', email: 'b@example.com', accounts: ['9:owner', '1:co-owner'] },
  ]);
  expect(await imports.counts()).toMatchObject({ added: 2, unaudited: 0, left: 0 });
});

test('the same file again changes nothing, and another one changes what is different', async () => {
  imports.write('u-1,a@example.com,1,owner', 'u-2,b@example.com,2,owner', 'u-3,c@example.com,3,owner');
  await imports.run();
  expect(json(await imports.run('--json'))).toMatchObject({ done: { added: 0, updated: 0, unchanged: 3 }, wrong: 0 });
  expect(await imports.counts()).toMatchObject({ added: 3, updated: 0 });
  imports.write('u-1,A@example.com,1,owner', 'u-2,b@example.com,2,owner', 'u-2,b@example.com,4,owner');
  const { stderr } = await imports.run('--dry-run');
  expect(stderr).toContain('~ u-1: email\n  ~ u-2: accounts\n2 users: 0 to be added, 2 to be changed, 0 unchanged.');
  expect(await imports.counts()).toMatchObject({ updated: 0, left: 0 });
  await imports.run();
  expect(await imports.stored()).toMatchObject([
    { id: 'u-1', email: 'A@example.com', accounts: ['1:owner'] },
    { id: 'u-2', accounts: ['2:owner', '4:owner'] },
    { id: 'u-3', accounts: ['3:owner'] },
  ]);
  expect(await imports.counts()).toMatchObject({ updated: 2, removed: 0 });
});

test('--replace removes the users of this source who are not in the file, only with consent', async () => {
  imports.write(...linesOf(3));
  await imports.run();
  await imports.run('--source', 'oidc');
  imports.write('u-1,user-1@example.com,1A,owner', 'u-1,user-1@example.com,1B,owner');
  const refused = await imports.run('--replace');
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('confirm it with --yes') });
  expect(refused.stderr).toContain('2 users who are not in the file would be removed. Nothing was done');
  expect(await imports.counts()).toMatchObject({ users: 6, removed: 0, left: 0 });
  expect(json(await imports.run('--replace', '--dry-run', '--json'))).toMatchObject({ planned: { removed: 2 } });
  const done = await imports.run('--replace', '--yes', '--json');
  expect(json(done)).toMatchObject({ done: { added: 0, updated: 0, unchanged: 1, removed: 2 } });
  const left = (await imports.stored()).map(({ source, id }) => `${source} ${id}`);
  expect(new Set(left)).toEqual(new Set(['portal u-1', 'oidc u-0', 'oidc u-1', 'oidc u-2']));
  expect(await imports.counts()).toMatchObject({ users: 4, removed: 2 });
});

test('all events of an import have the reference that it prints', async () => {
  const { stdout } = await imports.pipe(`${HEADING}\n${linesOf(2).join('\n')}\n`);
  const [, reference = ''] = /Audit: (\S+)/.exec(stdout) ?? [];
  const { rows } = await imports.client.query('select event, details from audit_events where reference = $1', [
    reference,
  ]);
  expect(rows).toMatchObject([{ event: 'user.added' }, { event: 'user.added' }]);
  expect(JSON.stringify(rows)).not.toContain('example.com');
});

test('a user with 1,500 accounts is one user, and the page after them is complete', async () => {
  const many = Array.from({ length: 1_500 }, (_, n) => `u-0,user-0@example.com,x${n},owner`);
  imports.write(...linesOf(1_200).slice(2), ...many);
  expect(json(await imports.run('--json'))).toMatchObject({ done: { added: 1_200 } });
  expect(await imports.counts()).toMatchObject({ users: 1_200, accounts: 1_199 * 2 + 1_500, added: 1_200 });
  expect((await imports.stored())[0]?.accounts.slice(0, 3)).toEqual(['x0:owner', 'x1:owner', 'x2:owner']);
});

test('a lost database ends it with a word on how to go on, and the same command does', {
  timeout: 120_000,
}, async () => {
  imports.write(...linesOf(5_000));
  const { outcome } = imports.start();
  await expect.poll(async () => (await imports.counts()).users, { interval: 5, timeout: 60_000 }).toBeGreaterThan(0);
  const ended = { code: undefined as number | null | undefined };
  void outcome.then(({ code }) => Object.assign(ended, { code }));
  while (ended.code === undefined) {
    await imports.client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`);
  }
  const { code, stderr } = await outcome;
  expect([code, stderr]).toEqual([1, expect.stringMatching(/of 5,000 users were done. Run the same command again/)]);
  expect(await imports.counts()).toMatchObject({ unaudited: 0 });
  expect((await imports.run()).code).toBe(0);
  expect(await imports.counts()).toMatchObject({ users: 5_000, accounts: 10_000, added: 5_000, updated: 0, left: 0 });
});

/** Starts an import, and signals it once it has added some users. */
async function interrupted(signal: NodeJS.Signals): Promise<Outcome> {
  const { child, outcome } = imports.start();
  const before = (await imports.counts()).users;
  await expect
    .poll(async () => (await imports.counts()).users, { interval: 5, timeout: 60_000 })
    .toBeGreaterThan(before ?? 0);
  child.kill(signal);
  await once(child, 'close');
  return outcome;
}

test('a kill and a Ctrl-C in the middle lose nobody and repeat nobody', { timeout: 180_000 }, async () => {
  const USERS = 20_000;
  imports.write(...linesOf(USERS));
  expect(await interrupted('SIGKILL')).toMatchObject({ code: null });
  await expect
    .poll(
      async () =>
        (await imports.client.query('select from pg_stat_activity where datname = current_database()')).rowCount,
    )
    .toBe(1);
  const killed = await imports.counts();
  expect(killed).toMatchObject({ users: killed.added, accounts: (killed.users ?? 0) * 2, unaudited: 0 });
  expect(killed.users).toBeLessThan(USERS);
  const stopped = await interrupted('SIGINT');
  expect(stopped).toMatchObject({ code: 1, stdout: expect.stringMatching(/, [\d,]+ left\./) });
  expect(await imports.counts()).toMatchObject({ unaudited: 0, left: 0 });
  expect((await imports.run()).code).toBe(0);
  expect(await imports.counts()).toEqual({
    users: USERS,
    accounts: USERS * 2,
    added: USERS,
    updated: 0,
    removed: 0,
    unaudited: 0,
    left: 0,
  });
});
