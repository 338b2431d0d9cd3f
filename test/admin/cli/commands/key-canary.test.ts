import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPortalClient } from '../../../support/browser/portal-client.ts';
import { layEmbeddedDatabase } from '../../../support/postgres/embedded-template.ts';
import { runCli, workingFolder } from '../../../support/programs/cli.ts';
import { endService, type ServiceProcess, startService } from '../../../support/programs/service.ts';

const CANARY = 'canary@example.com';
const PASSWORD = 'correct horse battery';
const SP = 'https://sp.example';

let work: ReturnType<typeof workingFolder>;
let env: Record<string, string>;
let service: ServiceProcess;
const command = (args: string[], typed = '') => runCli(args, { folder: work.folder, env }, typed);
const run = (...args: string[]) => command(['key', ...args]);

beforeAll(async () => {
  work = workingFolder();
  env = { DATA_DIR: join(work.folder, 'data') };
  await layEmbeddedDatabase(join(work.folder, 'data'));
  service = await startService(env, work.folder);
  env.PUBLIC_URL = `http://localhost:${service.port}`;
  const provider = ['--entity-id', SP, '--acs', `${SP}/acs`, '--key-type', 'EC-P256', '--rotation', 'overlap'];
  const guid = crypto.randomUUID();
  expect(await command(['biller', 'add', 'riverton', '--name', 'R', '--guid', guid, ...provider])).toMatchObject({
    code: 0,
  });
  const user = ['user', 'add', 'riverton', CANARY, '--account', '101Invoice:owner'];
  expect(await command(user, `${PASSWORD}\n`)).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await endService(service);
  work.remove();
});

test('wrong use is refused, with what to give instead', async () => {
  for (const [args, complaint] of [
    [['riverton'], 'Give one of --user <email>, --stop, --accepted and --refused.'],
    [['riverton', '--accepted', '--refused'], 'Give one of --user <email>, --stop, --accepted and --refused.'],
    [['riverton', '--stop', '--fingerprint', 'ab'], '--fingerprint goes with --accepted or --refused.'],
    [['riverton', '--user', 'nobody'], '--user "nobody": must be an email address.'],
    [['riverton', '--user', 'nobody@example.com'], '`ic-idp user list` lists the users of a biller.'],
    [['riverton', '--user', CANARY], 'riverton has no staged key. Stage one first: `ic-idp key stage riverton`.'],
    [['riverton', '--stop'], 'riverton has no canary'],
    [['riverton', '--accepted'], 'Sign on first, and look at the page of Invoice Cloud.'],
    [['riverton', '--accepted', '--fingerprint', 'zz'], '`ic-idp key list riverton` shows what there is.'],
    [['nowhere', '--stop'], 'There is no biller "nowhere"'],
  ] as const) {
    const { code, stdout, stderr } = await run('canary', ...args);
    expect({ code, stdout }, args.join(' ')).toEqual({ code: 2, stdout: '' });
    expect(stderr, args.join(' ')).toContain(complaint);
  }
});

test('a canary is started, shown, judged and activated by commands alone', async () => {
  expect(await run('stage', 'riverton', '--key-type', 'EC-P256')).toMatchObject({ code: 0 });
  const started = await run('canary', 'riverton', '--user', CANARY.toUpperCase());
  expect(started).toMatchObject({ code: 0, stderr: '' });
  expect(started.stdout).toMatch(
    /^riverton: The staged key signs for this portal user, .* has not fetched .*\nSign on as this .* --accepted` or `--refused`\.\n$/,
  );
  expect((await run('canary', 'riverton', '--user', CANARY)).stderr).toContain(
    'riverton has a canary already. Judge it or stop it first: `ic-idp key canary riverton --stop`.',
  );
  const client = createPortalClient(service.url);
  await client.signIn('riverton', CANARY, PASSWORD);
  expect((await client.signOn('riverton', SP)).status).toBe(200);
  client.close();
  const shown = (await run('status', 'riverton')).stdout;
  expect(shown).toMatch(/^Canary +c•••m \(18 characters\) since .*: 1 sign-on, the last one /m);
  expect(shown).toMatch(/^Trusted +the active one: not known; the staged one: not known$/m);
  expect((await run('canary', 'riverton', '--accepted', '--reason', 'I saw the bill')).stdout).toBe(
    'riverton: Noted: Invoice Cloud accepted a sign-on with the staged key. It is safe to activate: `ic-idp key activate riverton`.\n',
  );
  expect((await run('status', 'riverton')).stdout).toMatch(/^Safe to activate\? +YES\. Proven: /m);
  expect(await run('activate', 'riverton')).toMatchObject({ code: 0, stderr: '' });
  expect((await command(['audit', '--event', 'key.judged'])).stdout).toContain('verdict: accepted');
});
