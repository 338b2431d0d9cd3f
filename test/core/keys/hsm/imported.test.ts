import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { selfSignedCertificate } from '../../../../src/core/keys/certificates/certificate.ts';
import { startInstallation } from '../../../support/installation.ts';
import { toPem } from '../../../support/saml/saml.ts';
import { xmlsecVerify } from '../../../support/saml/xml-tools.ts';
import { useHsmStage } from './stage.ts';

const stage = useHsmStage();
const { operate, row, labels, signOn } = stage;
const biller = 'riverton-water';
const take = (label: string, more: Record<string, unknown> = {}) =>
  operate('key.take-from-module', { biller, label, ...more });

/** Puts a key pair on the token with the owner's own tools. */
function bringAlong(label: string, bits = 2048) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  stage.token.importKey(label, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
const certificateFor = async (keyPair: ReturnType<typeof bringAlong>, now = Date.now()) =>
  Buffer.from(toPem(await selfSignedCertificate({ billerName: 'A CA', entityId: 'urn:ca', keyPair, now }))).toString(
    'base64',
  );

afterEach(() => operate('key.retire', { biller, staged: true }).catch(() => undefined));

test('a key pair already in the HSM is staged with a certificate that it signs, serves, and is destroyed', async () => {
  const { publicKey } = bringAlong('from the ceremony');
  await take('from the ceremony');
  const staged = await row(biller, 'staged');
  expect(staged.x509.publicKey.equals(publicKey)).toBe(true);
  expect(staged.x509.verify(publicKey)).toBe(true);
  await operate('key.activate', { biller, force: true, reason: 'test' });
  expect(xmlsecVerify(await signOn(biller), toPem(staged.certificate), 'Response').status).toBe(0);
  expect(await operate('audit.list', { event: 'key.staged', limit: 1 })).toMatchObject([
    { details: { origin: 'found in the hardware module' } },
  ]);
  await expect(take('from the ceremony')).rejects.toThrow('"from the ceremony" in the HSM is already in use');
  await operate('key.back-out', { biller });
  await operate('key.retire', { biller, staged: true });
  expect(labels()).toEqual([]);
});

test('a key pair is imported with the certificate issued for it by an authority, found in its chain', async () => {
  const keyPair = bringAlong('certified');
  const certificate = await certificateFor(keyPair);
  const chain = await certificateFor(bringAlong('the authority’s own'));
  const both = Buffer.concat([Buffer.from(chain, 'base64'), Buffer.from(certificate, 'base64')]).toString('base64');
  await take('certified', { certificate: both });
  const staged = await row(biller, 'staged');
  expect(staged.x509.subject).toContain('CN=A CA');
  expect(staged.x509.publicKey.equals(keyPair.publicKey)).toBe(true);
});

describe('what is refused', () => {
  test.each([
    ['a missing label', () => take('nowhere'), 'has no private key "nowhere"'],
    [
      'a key that may leave the HSM',
      async () => {
        stage.token.makeExtractableKey('loose');
        await take('loose');
      },
      'can leave it; it must be sensitive and not extractable',
    ],
    [
      'a certificate of another key',
      async () => {
        bringAlong('alone');
        await take('alone', { certificate: await certificateFor(bringAlong('other')) });
      },
      'does not match the private key',
    ],
    [
      'a certificate that has expired',
      async () => {
        const keyPair = bringAlong('old');
        await take('old', { certificate: await certificateFor(keyPair, Date.now() - 4 * 365 * 86_400_000) });
      },
      'expired on',
    ],
    [
      'a weak key',
      async () => {
        bringAlong('weak', 1024);
        await take('weak');
      },
      '1024 bits; it must have at least 2048',
    ],
    [
      'no certificate',
      () => take('alone', { certificate: Buffer.from('no').toString('base64') }),
      "can't be read as an X.509 certificate",
    ],
  ])(
    'an unfit key pair is refused: %s',
    { meta: { holds: ['IDP-090'], source: 'project rule' } },
    async (_what, attempt, reason) => {
      await expect(attempt()).rejects.toThrow(reason);
      await expect(row(biller, 'staged')).rejects.toThrow('has no staged key');
    },
  );

  test('a label whose key is scheduled for destruction', async () => {
    bringAlong('doomed');
    await take('doomed');
    // The row releases it, but it has not been destroyed yet.
    const { services } = stage.installation;
    const change = { actor: 'test', reason: 'test', reference: 'test', force: true };
    await services.rotation.retire(await services.billers.bySlug(biller), 'staged', change);
    await expect(take('doomed')).rejects.toThrow('"doomed" is scheduled for destruction');
    await services.tidy();
    await expect(take('doomed')).rejects.toThrow('has no private key "doomed"');
  });
});

test('no private key in the HSM is in the database in any form', async () => {
  const { privateKey } = bringAlong('searched for');
  await take('searched for');
  const {
    p = '',
    q = '',
    d = '',
  } = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })).export({ format: 'jwk' });
  const { database } = stage.installation.services;
  const tables = await database.query<{ name: string }>(
    { name: 'tables', text: "select table_name as name from information_schema.tables where table_schema = 'public'" },
    [],
  );
  expect(tables.map(({ name }) => name)).toContain('signing_keys');
  for (const { name } of tables) {
    const rows = await database.query<{ text: string }>(
      { name: `all-${name}`, text: `select t::text as text from "${name}" t` },
      [],
    );
    const text = rows.map((one) => one.text).join('\n');
    for (const secret of [p, q, d].map((part) => Buffer.from(part, 'base64url'))) {
      for (const form of ['hex', 'base64', 'base64url'] as const)
        expect(text.includes(secret.toString(form))).toBe(false);
    }
  }
  // The public key is there, which shows that the search works.
  const fingerprint = createHash('sha256')
    .update((await row(biller, 'staged')).x509.raw)
    .digest('hex');
  const keys = await database.query<{ text: string }>(
    { name: 'keys', text: 'select t::text as text from signing_keys t' },
    [],
  );
  expect(keys.some(({ text }) => text.includes(fingerprint))).toBe(true);
});

test('without the settings there is no HSM, and the error says so', async () => {
  const without = await startInstallation();
  await without.addBiller('riverton');
  const sentence = /No HSM is configured: set PKCS11_LIBRARY, PKCS11_TOKEN and PKCS11_PIN/;
  await expect(without.operate('key.stage', { biller: 'riverton', module: true })).rejects.toThrow(sentence);
  await expect(without.operate('key.take-from-module', { biller: 'riverton', label: 'x' })).rejects.toThrow(sentence);
  expect((await without.server.inject('/health/ready')).json().checks).toHaveLength(3);
  await without.close();
});
