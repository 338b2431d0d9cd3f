import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createImports, type Imports } from './import/users.ts';

const EMAIL = 'pat@example.com';
let imports: Imports;
beforeAll(async () => {
  imports = await createImports();
});
beforeEach(async () => {
  await imports.clear();
  imports.write(`u-1,${EMAIL},1,owner`, `u-2,${EMAIL},2,owner`, 'u-3,one@example.com,3,owner');
  await imports.run();
  imports.write(`u-1,${EMAIL},9,owner`);
  await imports.run('--source', 'oidc');
});
afterAll(() => imports?.remove());

const user = (command: string, ...words: string[]) => imports.command('user', command, 'riverton', ...words);
const state = async (id: string, source = 'portal') =>
  (
    await imports.client.query('select disabled from portal_users where external_id = $1 and source = $2', [id, source])
  ).rows.map(({ disabled }) => disabled as boolean);

test('a portal’s user is found by an email that nobody else has, or by ID and source', async () => {
  const one = await user('show', 'One@example.com', '--json');
  expect(JSON.parse(one.stdout)).toMatchObject({ source: 'portal', externalId: 'u-3', disabled: false });
  const byId = await user('show', '--source', 'oidc', '--id', 'u-1');
  expect(byId.stdout).toMatch(
    /^Email +pat@example\.com\nSource +oidc\nID there +u-1\nState +enabled\nAccounts +9 \(owner\)/,
  );
});

test.each([
  [['show', EMAIL], 'Several portal users are meant: oidc u-1; portal u-1; portal u-2. Say which one with --source'],
  [['disable', EMAIL, '--source', 'portal'], 'Several portal users are meant: portal u-1; portal u-2.'],
  [['remove', '--id', 'u-1'], 'Several portal users are meant: oidc u-1; portal u-1.'],
  [['remove', '--id', 'u-1', '--source', 'directory'], 'There is no portal user directory, u-1.'],
  [['enable', 'one@example.com', '--id', 'u-1'], 'There is no portal user one@example.com, u-1.'],
  [['show'], '<email>: The email address or the ID of the portal user is missing.'],
  [['remove', '--source', 'portal'], 'The email address or the ID of the portal user is missing.'],
  [['show', '--source', 'nowhere', '--id', 'u-1'], 'Allowed choices are directory, portal, oidc'],
])('user %j changes nothing and says why', async (words, complaint) => {
  const [command = '', ...rest] = words;
  expect(await user(command, ...rest)).toMatchObject({ code: 2, stderr: expect.stringContaining(complaint) });
  expect(await imports.counts()).toMatchObject({ users: 4, updated: 0, removed: 0 });
});

test('a portal’s user is disabled, stays so when the portal says the same, and is enabled again', async () => {
  expect((await user('disable', '--source', 'portal', '--id', 'u-1')).stdout).toBe(`Disabled ${EMAIL}.\n`);
  expect([await state('u-1'), await state('u-1', 'oidc')]).toEqual([[true], [false]]);
  imports.write(`u-1,${EMAIL},5,owner`);
  await imports.run();
  expect(await state('u-1')).toEqual([true]);
  expect((await user('enable', '--source', 'portal', '--id', 'u-1')).stdout).toBe(`Enabled ${EMAIL}.\n`);
  expect(await state('u-1')).toEqual([false]);
  expect(await imports.counts()).toMatchObject({ updated: 3 });
});

test('a portal’s user is removed, and nobody else with their email', async () => {
  const { stdout, stderr } = await user('remove', '--source', 'portal', '--id', 'u-1');
  expect(stdout).toBe(`Removed ${EMAIL}.\n`);
  expect(stderr).toContain('The next launch of the portal adds them again.');
  expect((await imports.stored()).map(({ source, id }) => `${source} ${id}`).sort()).toEqual([
    'oidc u-1',
    'portal u-2',
    'portal u-3',
  ]);
  expect(await imports.counts()).toMatchObject({ removed: 1 });
});

test('users are listed by source, email and ID, and no more than asked for', async () => {
  const ids = async (...words: string[]) =>
    (JSON.parse((await user('list', '--json', ...words)).stdout) as { externalId: string }[]).map(
      (one) => one.externalId,
    );
  expect(await ids('--source', 'oidc')).toEqual(['u-1']);
  expect(await ids('--email', EMAIL, '--source', 'portal')).toEqual(['u-1', 'u-2']);
  expect(await ids('--id', 'u-3')).toEqual(['u-3']);
  expect(await ids('--email', 'nobody@example.com')).toEqual([]);
  const limited = await user('list', '--limit', '2');
  expect(limited.stdout.trim().split('\n')).toHaveLength(3);
  expect(limited.stderr).toContain('There may be more than these 2.');
  expect(await user('list', '--limit', '0')).toMatchObject({ code: 2 });
});
