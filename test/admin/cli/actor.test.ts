import { userInfo } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestStorage, type TestStorage } from '../../support/postgres/storage.ts';
import { runCli } from '../../support/programs/cli.ts';

let storage: TestStorage;
beforeAll(async () => {
  storage = await createTestStorage();
});
afterAll(() => storage?.remove());

const user = userInfo().username;
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCli(args, { folder: storage.folder, env: { ...storage.environment, ...env } });

test.each([
  ['the operating system’s user', {}, `cli:${user}`],
  ['the user who called sudo', { SUDO_USER: 'grace' }, `cli:grace as ${user}`],
  [
    'whom IC_IDP_ACTOR names',
    { SUDO_USER: 'grace', IC_IDP_ACTOR: 'ada@riverton.example' },
    `cli:ada@riverton.example as ${user}`,
  ],
])('the actor of a command in the audit is %s', async (_who, env, actor) => {
  const done = await run(['webhook', 'set', 'https://alerts.example/ic-idp', '--json'], env);
  expect([done.code, done.stderr]).toEqual([0, '']);
  const listed = await run(['audit', '--event', 'webhook.changed', '--limit', '1', '--json']);
  expect(JSON.parse(listed.stdout)[0].details.actor).toBe(actor);
});

test('an actor with control characters is refused', async () => {
  const refused = await run(['biller', 'list'], { IC_IDP_ACTOR: 'ada\u001b[2J' });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('It must be a name, at most 100 characters');
});
