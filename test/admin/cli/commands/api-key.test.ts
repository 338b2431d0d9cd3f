import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layEmbeddedDatabase } from '../../../support/postgres/embedded-template.ts';
import { runCli, workingFolder } from '../../../support/programs/cli.ts';

let work: ReturnType<typeof workingFolder>;
const run = (...args: string[]) =>
  runCli(args, {
    folder: work.folder,
    env: { PUBLIC_URL: 'https://idp.example', DATA_DIR: join(work.folder, 'data') },
  });

beforeAll(async () => {
  work = workingFolder();
  await layEmbeddedDatabase(join(work.folder, 'data'));
  const provider = ['--entity-id', 'https://sp.example', '--acs', 'https://sp.example/acs', '--key-type', 'EC-P256'];
  await run('biller', 'add', 'riverton', '--name', 'Riverton', '--guid', crypto.randomUUID(), ...provider);
});
afterAll(() => work.remove());

test('a key is made, listed and revoked, and printed once', async () => {
  const added = await run('api-key', 'add', 'riverton', '--role', 'portal', '--expires', '365d', '--json');
  const { id, key, expiresAt, ...rest } = JSON.parse(added.stdout);
  expect([id, key, Date.parse(expiresAt) > Date.now(), rest]).toEqual([
    expect.stringMatching(/^[0-9a-f]{12}$/),
    expect.stringMatching(/^icidp_/),
    true,
    {},
  ]);
  const listed = await run('api-key', 'list', 'riverton', '--json');
  expect(JSON.parse(listed.stdout)).toMatchObject([{ id, state: 'valid' }]);
  expect(listed.stdout).not.toContain(key);
  expect((await run('api-key', 'revoke', 'riverton', id)).stdout).toBe(`Revoked ${id}.\n`);
  expect((await run('api-key', 'list', 'riverton')).stdout).toMatch(/portal +revoked/);
});

test('wrong arguments name the option, what is accepted, and where to look', async () => {
  const wrong: [string[], string][] = [
    [['add', 'riverton'], "required option '--role <role>' not specified"],
    [['add', 'riverton', '--role', 'boss'], 'Allowed choices are portal.'],
    [['add', 'riverton', '--role', 'portal', '--expires', '1y'], '--expires "1y": must be a number of days or hours'],
    [['add', 'nowhere', '--role', 'portal'], '`ic-idp biller list` shows all.'],
    [['revoke', 'riverton', 'abc'], '`ic-idp api-key list riverton` shows them.'],
  ];
  for (const [args, message] of wrong) {
    const { code, stderr } = await run('api-key', ...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  }
});
