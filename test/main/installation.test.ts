import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createTestDatabase } from '../support/postgres/postgres.ts';
import { runCli, workingFolder } from '../support/programs/cli.ts';
import { endService, type ServiceProcess, startService } from '../support/programs/service.ts';

const OLD_KEY = Buffer.alloc(32, 1).toString('base64');
const NEW_KEY = Buffer.alloc(32, 2).toString('base64');
const OLD = 'https://sso.riverton.example';
const NEW = 'https://login.riverton.example';

describe('an installation on PostgreSQL', () => {
  let work: ReturnType<typeof workingFolder>;
  let database: Awaited<ReturnType<typeof createTestDatabase>>;
  const running: ServiceProcess[] = [];
  const environment = (more: Record<string, string> = {}) => ({
    DATABASE_URL: database.url,
    MASTER_KEY: OLD_KEY,
    PUBLIC_URL: OLD,
    ...more,
  });
  const cli = (args: string[], more: Record<string, string> = {}) =>
    runCli(args, { folder: work.folder, env: environment(more) });
  async function start(more: Record<string, string> = {}): Promise<ServiceProcess> {
    const service = await startService(environment(more), work.folder);
    running.push(service);
    return service;
  }
  const metadataOf = async (service: ServiceProcess) => (await fetch(`${service.url}/saml/riverton/metadata`)).text();

  beforeAll(async () => {
    work = workingFolder();
    database = await createTestDatabase(inject('postgresUrl'));
  });
  afterAll(async () => {
    for (const service of running) await endService(service);
    await database.drop();
    work.remove();
  });

  test('a command that reads makes nothing where there is none, and says where it looked', async () => {
    for (const args of [['biller', 'list'], ['doctor'], ['key', 'status'], ['audit']]) {
      const { code, stderr } = await cli(args);
      expect({ args, code, stderr }).toEqual({
        args,
        code: 2,
        stderr: expect.stringMatching(/^error: The database \S+ at \S+ \(DATABASE_URL\) holds no installation\./),
      });
    }
    const folder = join(work.folder, 'nothing');
    const { code, stderr } = await runCli(['doctor'], { folder: work.folder, env: { DATA_DIR: folder } });
    expect(code).toBe(2);
    expect(stderr).toContain(`There is no installation in ${folder} (DATA_DIR).`);
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync(work.folder)).toEqual([]);
  });

  test('instances say which master keys they have, and a rotation waits until all have the new one', async () => {
    const provider = ['--entity-id', 'https://sp.example', '--acs', 'https://sp.example/acs', '--key-type', 'EC-P256'];
    const guid = crypto.randomUUID();
    await cli(['biller', 'add', 'riverton', '--name', 'Riverton', '--guid', guid, ...provider]);
    const both = `${NEW_KEY},${OLD_KEY}`;
    const without = await start();
    await start({ MASTER_KEY: both });
    const refused = await cli(['master-key', 'rotate'], { MASTER_KEY: both });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`These instances run without the new master key: `);
    expect(refused.stderr).toContain(`(process ${without.child.pid})`);
    const { stdout } = await cli(['doctor'], { MASTER_KEY: both });
    expect(stdout).toContain('runs without the master key that this command seals with');
    const shown = await cli(['installation', 'show', '--json'], { MASTER_KEY: both });
    expect(JSON.parse(shown.stdout)).toMatchObject({
      publicUrl: OLD,
      instances: [{ pid: without.child.pid }, {}],
    });
    await endService(without);
    expect((await cli(['master-key', 'rotate'], { MASTER_KEY: both })).code).toBe(0);
    expect((await cli(['doctor'], { MASTER_KEY: NEW_KEY })).stdout).not.toContain('runs without the master key');
  });

  test('another PUBLIC_URL is refused until the installation is moved; billers keep their Entity IDs', async () => {
    const now = { MASTER_KEY: NEW_KEY };
    const moved = { ...now, PUBLIC_URL: NEW };
    await expect(start(moved)).rejects.toThrow();
    expect((await cli(['biller', 'list'], moved)).stderr).toContain(`ic-idp installation move ${NEW}`);
    expect((await cli(['installation', 'move', NEW], now)).stderr).toContain('confirm it with --yes');
    expect((await cli(['installation', 'move', `${NEW}/`, '--yes'], now)).stderr).toContain(`it is written ${NEW}`);
    const { stdout } = await cli(['installation', 'move', NEW, '--yes'], now);
    expect(stdout).toContain(`1 billers keep the Entity ID that begins with ${OLD}`);
    expect((await cli(['biller', 'list'], now)).stderr).toContain(`Set PUBLIC_URL=${NEW}`);

    const service = await start(moved);
    const metadata = await metadataOf(service);
    expect(metadata).toContain(`entityID="${OLD}/saml/riverton/metadata"`);
    expect(metadata).toContain(`Location="${NEW}/saml/riverton/sso"`);
    const shown = JSON.parse((await cli(['biller', 'show', 'riverton', '--json'], moved)).stdout);
    expect(shown).toMatchObject({
      entityId: `${OLD}/saml/riverton/metadata`,
      metadataUrl: `${NEW}/saml/riverton/metadata`,
    });
    const events = JSON.parse((await cli(['audit', '--event', 'installation.moved', '--json'], moved)).stdout);
    expect(events).toMatchObject([{ details: { from: OLD, to: NEW, entityIds: 'keep' } }]);
    expect(await (await fetch(`${service.url}/metrics`)).text()).toMatch(/ic_idp_info\{version="\d+\.\d+\.\d+"\} 1/);
  });
});
