/**
 * An assertion that left the service survives a power cut. The embedded database is on a file system of its own, which is
 * shut down under load by the call that file system developers test with: nothing that has not reached the disk by then is
 * there afterwards, neither files nor the file system's own journal.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../../src/admin/operations/operation.ts';
import { runNamed } from '../../../src/admin/operations/run.ts';
import { readSettings } from '../../../src/config.ts';
import { openInstallation } from '../../../src/installation.ts';
import { assertionIdIn, createPortalClient, type PortalClient } from '../../support/browser/portal-client.ts';
import { pidOfServer } from '../../support/postgres/embedded-server.ts';
import { layEmbeddedDatabase } from '../../support/postgres/embedded-template.ts';
import { endService, startService } from '../../support/programs/service.ts';

const CUTS = 3;
const CLIENTS = 8;
const CUT_AFTER = [20, 120] as const;
const SP = 'https://sp.example/metadata';
const PASSWORD = 'correct horse battery';

/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH (Linux, fs/ext4/ext4.h). */
const SHUT_DOWN =
  'open(F, "<", $ARGV[0]) or die; my $flag = pack("L", 2); defined(ioctl(F, 0x8004587d, $flag)) or die $!';

const folder = mkdtempSync(join(tmpdir(), 'ic-idp-power-cut-'));
const image = join(folder, 'image');
const disk = join(folder, 'disk');
const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: 'pipe' });
const mount = () => spawnSync('mount', ['-o', 'loop', image, disk]).status === 0;
async function unmount(): Promise<void> {
  // Processes of the database may be ending.
  while (spawnSync('umount', [disk]).status !== 0) await pause(20);
}

/** Root, with a kernel that has loop devices; containers often lack them. */
function makeDisk(): boolean {
  if (process.getuid?.() !== 0 || spawnSync('perl', ['-v']).status !== 0) return false;
  mkdirSync(disk);
  return spawnSync('mke2fs', ['-q', '-t', 'ext4', image, '320M']).status === 0 && mount();
}
const made = makeDisk();
if (!made) rmSync(folder, { recursive: true });

describe.runIf(made)('on the embedded database', () => {
  const dataDir = join(disk, 'data');
  const environment = {
    DATA_DIR: dataDir,
    MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
    PUBLIC_URL: 'https://idp.example',
    LOG_LEVEL: 'info',
  };

  beforeAll(async () => {
    await layEmbeddedDatabase(dataDir);
    const { services, close } = await openInstallation(readSettings(environment, {}));
    const operate = (name: string, input: unknown) => runNamed(services, name, input, actorWithEveryRole('test'));
    const billerGuid = crypto.randomUUID();
    await operate('biller.add', {
      slug: 'riverton',
      name: 'Riverton',
      billerGuid,
      entityId: SP,
      acs: [`${SP}/acs`],
      keyType: 'EC-P256',
    });
    await operate('user.add', {
      biller: 'riverton',
      email: 'ada@example.com',
      password: PASSWORD,
      accounts: ['101Invoice'],
    });
    await close();
    run('sync');
  });
  afterAll(() => {
    // A failed test may have left processes.
    spawnSync('umount', ['--lazy', disk]);
    rmSync(folder, { recursive: true, force: true });
  });

  async function signOnUntilCut(client: PortalClient, received: (id: string) => void): Promise<void> {
    for (;;) {
      const answer = await client.signOn('riverton', SP).catch(() => undefined);
      const id = answer && assertionIdIn(answer.body);
      if (id === undefined) return;
      received(id);
    }
  }

  /** @returns the IDs of the assertions that clients have received */
  async function cutUnderLoad(): Promise<string[]> {
    const service = await startService(environment, folder);
    const server = pidOfServer(dataDir) ?? 0;
    const clients = Array.from({ length: CLIENTS }, () => createPortalClient(service.url));
    const [first] = clients as [PortalClient];
    const ids: string[] = [];
    const cutAt = randomInt(...CUT_AFTER);
    const moment = new EventTarget();
    const reached = once(moment, 'reached');
    try {
      await first.signIn('riverton', 'ada@example.com', PASSWORD);
      const load = clients.map((client) => {
        for (const [name, value] of first.cookies) client.cookies.set(name, value);
        return signOnUntilCut(client, (id) => ids.push(id) === cutAt && moment.dispatchEvent(new Event('reached')));
      });
      await Promise.race([reached, Promise.all(load)]);
      run('perl', '-e', SHUT_DOWN, join(dataDir, 'postgresql', 'PG_VERSION'));
      await Promise.all(load);
      return ids;
    } finally {
      for (const client of clients) client.close();
      await endService(service, 'SIGKILL');
      spawnSync('kill', ['-KILL', String(server)]);
      await unmount();
    }
  }

  async function inAudit(ids: readonly string[]): Promise<Set<string | null>> {
    const { services, close } = await openInstallation(readSettings(environment, {}));
    try {
      const query = services.database.db.selectFrom('auditEvents').select('assertionId');
      const rows = await query.where('assertionId', 'in', ids).execute();
      return new Set(rows.map(({ assertionId }) => assertionId));
    } finally {
      await close();
    }
  }

  test('every assertion that left the service is in the audit after a power cut', { timeout: 120_000 }, async () => {
    let received = 0;
    const lost: string[] = [];
    for (let cut = 0; cut < CUTS; cut += 1) {
      const ids = await cutUnderLoad();
      expect(mount()).toBe(true);
      const found = await inAudit(ids);
      received += ids.length;
      lost.push(...ids.filter((id) => !found.has(id)));
    }
    console.log(`${CUTS} power cuts, ${received} assertions received, ${received - lost.length} of them in the audit`);
    expect(received).toBeGreaterThanOrEqual(CUTS * CUT_AFTER[0]);
    expect(lost).toEqual([]);
  });
});
