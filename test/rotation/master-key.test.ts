import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../src/admin/operations/operation.ts';
import { runNamed } from '../../src/admin/operations/run.ts';
import { createServices, type Services } from '../../src/app.ts';
import { openKeyedHash } from '../../src/core/audit/keyed-hash.ts';
import { createMasterKey } from '../../src/core/secrets/master-key.ts';
import { embeddedMasterKeyFile, readMasterKeys } from '../../src/core/secrets/master-key-source.ts';
import { verifyMasterKey } from '../../src/core/secrets/verify-master-key.ts';
import { createServer } from '../../src/endpoints/server.ts';
import { openInstallation } from '../../src/installation.ts';
import { createBrowserLike, postedBy } from '../support/browser/browser-like.ts';
import { createTestStorage, type TestStorage } from '../support/postgres/storage.ts';
import { authnRequest, redirectQuery } from '../support/saml/authn-request.ts';

const EMAIL = 'pat@example.com';
const PASSWORD = 'correct horse battery';
const actor = actorWithEveryRole('test');
const newKey = () => randomBytes(32).toString('base64');
const sealedRows = async ({ database }: Services) =>
  (await database.db.selectFrom('signingKeys').selectAll().execute()).map(({ sealedPrivateKey }) =>
    sealedPrivateKey?.toString('hex'),
  );

async function addBillers(services: Services, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    const provider = {
      entityId: 'https://sp.example/metadata',
      acs: ['https://sp.example/acs'],
      sameServiceProvider: true,
    };
    const input = { slug: `biller-${number}`, name: 'Biller', billerGuid: crypto.randomUUID(), keyType: 'EC-P256' };
    await runNamed(services, 'biller.add', { ...input, ...provider }, actor);
  }
  const user = { biller: 'biller-0', email: EMAIL, password: PASSWORD, accounts: ['101Invoice'] };
  await runNamed(services, 'user.add', user, actor);
}

/** Signs on continuously until stopped. @returns a function that stops it, and counters */
async function keepSigningOn(services: Services) {
  const server = await createServer(services, {
    logger: pino({ level: 'silent' }),
    settings: { TRUST_PROXY: undefined },
  });
  const browser = createBrowserLike(server);
  await browser.signIn('biller-0', EMAIL, PASSWORD);
  let running = true;
  const counts = { issued: 0, failed: 0 };
  const loop = (async () => {
    while (running) {
      // Reload the keys each time, so that a row that can't be unsealed is noticed.
      services.keys.forget(undefined);
      const answer = await browser.get(`/saml/biller-0/sso?${redirectQuery(authnRequest())}`);
      if (postedBy(answer) === undefined) counts.failed += 1;
      else counts.issued += 1;
    }
  })();
  return {
    /** Resolves after this many more sign-ons. */
    async more(count: number) {
      const goal = counts.issued + counts.failed + count;
      await expect.poll(() => counts.issued + counts.failed, { timeout: 30_000 }).toBeGreaterThanOrEqual(goal);
    },
    async stop() {
      running = false;
      await loop;
      await server.close();
      return counts;
    },
  };
}

const issuedTo = async (services: Services) =>
  (await runNamed(
    services,
    'audit.list',
    { email: EMAIL, event: 'assertion.issued', limit: 10_000 },
    actor,
  )) as unknown[];

describe('an embedded installation', () => {
  let storage: TestStorage;
  let path: string;
  beforeAll(async () => {
    storage = await createTestStorage('embedded');
    path = join(storage.folder, 'certs', 'master.key');
  });
  afterAll(() => storage.remove());

  /** Opens it as the service does that keeps its master key in a file. */
  async function open() {
    const connection = await storage.open();
    const masterKeyFile = embeddedMasterKeyFile(path);
    const masterKey = createMasterKey(...masterKeyFile.read());
    await verifyMasterKey(connection.database.db, masterKey);
    const keyedHash = await openKeyedHash(connection.database.db, masterKey);
    const { database } = connection;
    return {
      connection,
      services: createServices({ publicUrl: 'https://idp.example', database, masterKey, keyedHash, masterKeyFile }),
    };
  }

  test('an interrupted rotation is continued by the same command, even after a restart, and sign-ons continue', async () => {
    const keysInFile = () => readFileSync(path, 'utf8').trim().split('\n');
    const first = await open();
    await addBillers(first.services, 4);
    const [old] = keysInFile();
    const before = await sealedRows(first.services);
    const signingOn = await keepSigningOn(first.services);

    // The third secret can't be sealed, as if the process ended here.
    const { masterKey } = first.services;
    const { seal } = masterKey;
    let sealed = 0;
    masterKey.seal = (secret, context) => {
      sealed += 1;
      if (sealed > 2) throw new Error('the process ended here');
      return seal(secret, context);
    };
    await expect(runNamed(first.services, 'master-key.rotate', {}, actor)).rejects.toThrow('the process ended here');
    masterKey.seal = seal;
    expect(keysInFile()).toHaveLength(2);
    await signingOn.more(5);
    expect(await runNamed(first.services, 'master-key.status', {}, actor)).toMatchObject({ current: 2, other: 3 });
    const counts = await signingOn.stop();
    expect(counts.failed).toBe(0);
    await first.services.audit.drained();
    await first.connection.close();

    const again = await open();
    const signingOnAgain = await keepSigningOn(again.services);
    expect(await runNamed(again.services, 'master-key.rotate', {}, actor)).toMatchObject({ resealed: 3 });
    await signingOnAgain.more(5);
    const more = await signingOnAgain.stop();
    expect(more.failed).toBe(0);
    expect(keysInFile()).toHaveLength(1);
    expect(keysInFile()).not.toEqual([old]);
    const after = await sealedRows(again.services);
    expect(after.filter((row) => before.includes(row))).toEqual([]);
    // Events from before the rotation can still be found by email.
    expect(await issuedTo(again.services)).toHaveLength(counts.issued + more.issued);
    await again.services.audit.drained();
    await again.connection.close();
  });
});

test('with PostgreSQL: two instances sign on while secrets are resealed, and then the old key alone unseals nothing', async () => {
  const storage = await createTestStorage('postgresql');
  const old = storage.settings.MASTER_KEY ?? '';
  const fresh = newKey();
  const openWith = async (...keys: string[]) => {
    const installation = await openInstallation({ ...storage.settings, MASTER_KEY: keys.join(',') });
    if (installation === undefined) throw new Error('PostgreSQL is never in use');
    return installation;
  };
  try {
    const before = await openWith(old);
    await addBillers(before.services, 30);
    await expect(runNamed(before.services, 'master-key.rotate', {}, actor)).rejects.toThrow(
      'There is only one master key.',
    );
    await before.close();

    const both = [await openWith(fresh, old), await openWith(fresh, old)];
    const loops = await Promise.all(both.map(({ services }) => keepSigningOn(services)));
    const [one] = both;
    if (one === undefined) throw new Error('there is no instance');
    // 30 signing keys, and the secret of the email hashes.
    expect(await runNamed(one.services, 'master-key.rotate', {}, actor)).toMatchObject({ resealed: 31 });
    for (const loop of loops) {
      await loop.more(5);
      expect((await loop.stop()).failed).toBe(0);
    }
    for (const installation of both) await installation.close();

    await expect(openWith(old)).rejects.toThrow('MASTER_KEY is not the key');
    const after = await openWith(fresh);
    expect(await runNamed(after.services, 'master-key.status', {}, actor)).toMatchObject({ current: 31, other: 0 });
    await after.close();
  } finally {
    await storage.remove();
  }
});

describe('where a master key comes from', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const [one, other] = [newKey(), newKey()];

  test('the setting itself, a file, or a command’s output; several during a rotation', async () => {
    const file = join(folder, 'keys');
    writeFileSync(file, `${one}\n${other}\n`);
    expect(await readMasterKeys(one)).toEqual([one]);
    expect(await readMasterKeys(`${one}, ${other}`)).toEqual([one, other]);
    expect(await readMasterKeys(`file:${file}`)).toEqual([one, other]);
    expect(await readMasterKeys(`command:head -1 '${file}'`)).toEqual([one]);
    // As Windows editors write a file.
    writeFileSync(file, `\ufeff${one}\r\n`);
    expect(await readMasterKeys(`file:${file}`)).toEqual([one]);
    writeFileSync(file, Buffer.from(`\ufeff${one}\r\n`, 'utf16le'));
    await expect(readMasterKeys(`file:${file}`)).rejects.toThrow(/^The file of MASTER_KEY, .* is UTF-16/);
  });

  test('failures are reported without repeating a command’s output', async () => {
    await expect(readMasterKeys(`file:${join(folder, 'none')}`)).rejects.toThrow("can't be read");
    await expect(readMasterKeys('command:echo secret-words; exit 3')).rejects.toThrow('exit code was 3');
    const failure = await readMasterKeys('command:echo secret-words').catch((error: Error) => error.message);
    expect(failure).toContain('does not contain a master key');
    expect(failure).not.toContain('secret-words');
  });
});
