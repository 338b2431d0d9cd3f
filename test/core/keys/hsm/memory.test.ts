import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { selfSignedCertificate } from '../../../../src/core/keys/certificates/certificate.ts';
import { createPortalClient, samlResponseIn } from '../../../support/browser/portal-client.ts';
import { createTestToken, helpersOf, type TestToken } from '../../../support/hsm/softhsm.ts';
import { createTestStorage, type TestStorage } from '../../../support/postgres/storage.ts';
import { runCli } from '../../../support/programs/cli.ts';
import { type Needles, searchMemory } from '../../../support/programs/process-memory.ts';
import { endService, type ServiceProcess, startService } from '../../../support/programs/service.ts';
import { toPem } from '../../../support/saml/saml.ts';

/**
 * What a software HSM can show: the private key is not in the service's memory, not even while it signs. SoftHSM2 keeps
 * it in the memory of the process that loads its library, the helper, where the same search finds it. A hardware device
 * keeps it to itself, so the helper does not have it either.
 */
const SP = 'https://sp.example/metadata';
const PASSWORD = 'correct horse battery';
let token: TestToken;
let storage: TestStorage;
let service: ServiceProcess;

const keyPair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = keyPair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** A key's secret numbers in the forms libraries store them in: most significant byte first or last. */
function needlesOf(privateKey: string): Needles {
  const { p = '', q = '', d = '' } = createPrivateKey(privateKey).export({ format: 'jwk' });
  const numbers = Object.entries({ p, q, d }).map(([name, value]) => [name, Buffer.from(value, 'base64url')] as const);
  return Object.fromEntries(
    numbers.flatMap(([name, bytes]) => [
      [name, bytes],
      [`${name} backwards`, Buffer.from(bytes).reverse()],
    ]),
  );
}

async function cli(...args: string[]): Promise<string> {
  const env = { ...storage.environment, ...token.environment };
  const { code, stdout, stderr } = await runCli(args, { folder: storage.folder, env }, PASSWORD);
  if (code !== 0) throw new Error(`ic-idp ${args.join(' ')}: ${stderr}`);
  return stdout;
}

async function addBiller(slug: string): Promise<void> {
  const guid = crypto.randomUUID();
  await cli(
    'biller',
    'add',
    slug,
    '--name',
    slug,
    '--guid',
    guid,
    '--entity-id',
    SP,
    '--acs',
    'https://sp.example/acs',
    '--yes',
  );
  await cli('user', 'add', slug, 'pat@example.com', '--account', '101Invoice:owner');
}

/** Signs on repeatedly, a few at a time, until stopped. @returns the number of Responses received */
function signOnAgainAndAgain(slug: string): { stop(): Promise<number> } {
  let going = true;
  const workers = Array.from({ length: 2 }, async () => {
    const client = createPortalClient(service.url);
    await client.signIn(slug, 'pat@example.com', PASSWORD);
    let responses = 0;
    while (going) {
      const { status, body } = await client.signOn(slug, SP);
      if (samlResponseIn(body) === undefined) throw new Error(`the sign-on was answered with ${status}`);
      responses += 1;
    }
    client.close();
    return responses;
  });
  return {
    async stop() {
      going = false;
      return (await Promise.all(workers)).reduce((sum, each) => sum + each, 0);
    },
  };
}

beforeAll(async () => {
  token = createTestToken();
  token.importKey('searched for', pem);
  storage = await createTestStorage('postgresql');
  service = await startService({ ...storage.environment, ...token.environment }, storage.folder);
  await addBiller('in-module');
  await cli('key', 'stage', 'in-module', '--module-label', 'searched for');
  await cli('key', 'activate', 'in-module', '--force', '--reason', 'test');
});
afterAll(async () => {
  await endService(service);
  await storage.remove();
  token.remove();
});

test('a private key in the HSM is never in the service’s memory, during signing or after; SoftHSM2 has it in the helper (PKCS#11 2.40, 2.4)', async () => {
  const needles = needlesOf(pem);
  const pid = service.child.pid ?? 0;
  const load = signOnAgainAndAgain('in-module');
  const [helper = 0] = await aHelper(pid);
  const during = (await searchMemory(pid, needles)).found;
  let inHelper: string[] = [];
  // SoftHSM2 decrypts the key for each signature and wipes it, so the search must come at the right moment.
  for (const until = Date.now() + 120_000; inHelper.length === 0 && Date.now() < until; ) {
    inHelper = (await searchMemory(helper, needles)).found;
  }
  expect(await load.stop()).toBeGreaterThan(0);
  expect(during).toEqual([]);
  expect((await searchMemory(pid, needles)).found).toEqual([]);
  expect(inHelper).not.toEqual([]);
  // The helper has the PIN, which it needs, but none of the service's other secrets; even the PIN is not in its
  // environment.
  const { MASTER_KEY = '', DATABASE_URL = '' } = storage.environment;
  const environment = readFileSync(`/proc/${helper}/environ`, 'utf8');
  expect(environment).toContain('SOFTHSM2_CONF=');
  for (const secret of [MASTER_KEY, DATABASE_URL, token.settings.pin]) {
    expect(secret).not.toBe('');
    expect(environment).not.toContain(secret);
  }
}, 180_000);

async function signOnOnce(slug: string): Promise<void> {
  const client = createPortalClient(service.url);
  await client.signIn(slug, 'pat@example.com', PASSWORD);
  await client.signOn(slug, SP);
  client.close();
}

async function aHelper(pid: number): Promise<number[]> {
  // The first signature starts it.
  await signOnOnce('in-module');
  return helpersOf(pid);
}

test('the same key kept in the database is found in the service’s memory, which shows that the search works', async () => {
  const certificate = await selfSignedCertificate({
    billerName: 'in-database',
    entityId: 'urn:in-database',
    keyPair,
    now: Date.now(),
  });
  const file = join(storage.folder, 'key.pem');
  writeFileSync(file, pem + toPem(certificate));
  // A key belongs to one biller.
  await cli('biller', 'remove', 'in-module', '--yes');
  await addBiller('in-database');
  await cli('key', 'import', 'in-database', file);
  await cli('key', 'activate', 'in-database', '--force', '--reason', 'test');
  // The first signature unseals the key.
  await signOnOnce('in-database');
  const load = signOnAgainAndAgain('in-database');
  const { found, searched } = await searchMemory(service.child.pid ?? 0, needlesOf(pem));
  await load.stop();
  expect(found).not.toEqual([]);
  expect(searched).toBeGreaterThan(10_000_000);
});
