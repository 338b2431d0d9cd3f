import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { layEmbeddedDatabase } from '../support/postgres/embedded-template.ts';
import { runCli, workingFolder } from '../support/programs/cli.ts';
import { endService, type ServiceProcess, startService } from '../support/programs/service.ts';

let work: ReturnType<typeof workingFolder>;
let env: Record<string, string>;
let service: ServiceProcess;

beforeAll(async () => {
  work = workingFolder();
  env = { DATA_DIR: join(work.folder, 'data'), PUBLIC_URL: 'https://idp.example' };
  await layEmbeddedDatabase(env.DATA_DIR ?? '');
  service = await startService(env, work.folder);
});
afterAll(async () => {
  await endService(service);
  work.remove();
});

const run = (...args: string[]) => runCli(args, { folder: work.folder, env });
const add = (slug: string) => {
  const entityId = 'https://sp.example/metadata';
  const serviceProvider = ['--entity-id', entityId, '--acs', 'https://sp.example/acs', '--yes'];
  return run('biller', 'add', slug, '--name', 'Riverton', '--guid', crypto.randomUUID(), ...serviceProvider);
};
const ready = async () => (await fetch(`${service.url}/health/ready`)).status;

test('a command rotates the master key of an embedded installation, and the running service continues with the new one', async () => {
  expect(await add('before')).toMatchObject({ code: 0 });
  expect(await ready()).toBe(200);
  const file = join(work.folder, 'certs', 'master.key');
  const old = readFileSync(file, 'utf8');
  expect(await run('master-key', 'rotate')).toMatchObject({ code: 0 });
  expect(readFileSync(file, 'utf8')).not.toContain(old.trim());

  // Sealed with a key that the service didn't have when it started.
  expect(await add('after')).toMatchObject({ code: 0 });
  expect(await ready()).toBe(200);
  expect((await fetch(`${service.url}/saml/after/metadata`)).status).toBe(200);

  // Without the file, the service keeps using the keys it has.
  rmSync(file);
  expect(await ready()).toBe(200);
});
