import { afterEach, describe, expect, test } from 'vitest';
import { newMasterKey } from '../../../../src/core/secrets/master-key-source.ts';
import { countSecrets, rewrapSecrets } from '../../../../src/core/secrets/rewrap.ts';
import { nodeSamlAccepts, xmlCryptoVerify } from '../../../interop/verifiers.ts';
import { killHelpers } from '../../../support/hsm/softhsm.ts';
import { toPem } from '../../../support/saml/saml.ts';
import { xmlsecVerify } from '../../../support/saml/xml-tools.ts';
import { useHsmStage } from './stage.ts';

const stage = useHsmStage();
const { operate, row, rows, labels, rotate, signOn } = stage;
const biller = 'riverton-water';
const TEN_MINUTES = 600_000;

/** Each test starts with just an active key. */
async function tidyUp(): Promise<void> {
  for (const { state } of await rows(biller)) {
    if (state === 'staged' || state === 'retiring') {
      await operate('key.retire', { biller, staged: state === 'staged', force: true });
    }
  }
}
afterEach(tidyUp);

test('a key is made in the HSM, becomes active, signs assertions that SPs accept, and is destroyed when it retires', {
  meta: { holds: ['IDP-082', 'IDP-087'], source: 'PKCS#11 2.40; project rule' },
}, async () => {
  await rotate(biller, { module: true });
  const active = await row(biller, 'active');
  expect(active.label).toBe(`ic-idp riverton-water ${active.id}`);
  expect(active.sealedPrivateKey).toBeNull();
  expect(active.keyType).toBe('RSA-2048');
  // Signed by the HSM, with the key in the certificate.
  expect(active.x509.verify(active.x509.publicKey)).toBe(true);
  expect(active.x509.subjectAltName).toBe('URI:https://sso.example.com/saml/riverton-water/metadata');
  expect(stage.token.objects().find(({ label, kind }) => kind === 'private' && label === active.label)).toMatchObject({
    sensitive: true,
    alwaysSensitive: true,
    extractable: false,
    neverExtractable: true,
    secret: 'CKR_ATTRIBUTE_SENSITIVE',
  });

  const xml = await signOn(biller);
  const pem = toPem(active.certificate);
  expect(xmlsecVerify(xml, pem, 'Response').status).toBe(0);
  expect(xmlsecVerify(xml, pem, 'Assertion').status).toBe(0);
  expect(xmlCryptoVerify(xml, pem, 'Assertion')).toContain('>101Invoice<');
  const requestId = /InResponseTo="([^"]+)"/.exec(xml)?.[1] ?? '';
  const accepted = await nodeSamlAccepts({ xml, signed: 'both', certificate: active.certificate }, { requestId });
  expect(accepted.claims.AccountNumber).toEqual(['101Invoice']);

  // A new key is made in the same place as the one before.
  await operate('key.retire', { biller, force: true });
  await rotate(biller);
  const next = await row(biller, 'active');
  expect(labels().sort()).toEqual([active.label, next.label].sort());
  const retired = await operate('key.retire', { biller, force: true });
  expect(retired).toMatchObject({ sentence: 'The retiring key is retired and its private part destroyed.' });
  expect(stage.token.objects().map(({ label }) => label)).toEqual([next.label, next.label]);
  expect((await rows(biller)).find(({ id }) => id === active.id)).toMatchObject({
    state: 'retired',
    moduleLabel: null,
    sealedPrivateKey: null,
  });
  expect(await operate('audit.list', { event: 'key.destroyed', limit: 1 })).toMatchObject([
    { keyFingerprint: active.fingerprint, details: { label: active.label } },
  ]);
  expect(xmlsecVerify(await signOn(biller), toPem(next.certificate), 'Response').status).toBe(0);
});

test('the place of each key is shown, and a key moves back to the database only on request', async () => {
  await operate('key.stage', { biller, module: false });
  expect((await row(biller, 'staged')).moduleLabel).toBeNull();
  const active = await row(biller, 'active');
  const listed = (await operate('key.list', { biller })) as { state: string; moduleLabel: string | null }[];
  expect(
    listed.filter(({ state }) => ['active', 'staged'].includes(state)).map(({ moduleLabel }) => moduleLabel),
  ).toEqual([active.label, null]);
  const [status] = (await operate('key.status', { billers: [biller] })) as { active: unknown; staged: unknown }[];
  expect(status).toMatchObject({ active: { module_label: active.label }, staged: { module_label: null } });
});

test('a key that retires while the HSM is away is destroyed when the HSM is back', {
  meta: { holds: ['IDP-087'], source: 'project rule' },
}, async () => {
  await rotate(biller);
  const { label } = await row(biller, 'retiring');
  stage.token.pull();
  killHelpers();
  const { sentence } = (await operate('key.retire', { biller, force: true })) as { sentence: string };
  expect(sentence).toMatch(/^The retiring key is retired\. Its key in the HSM is not destroyed yet/);
  expect(sentence).toContain('has no token "ic-idp test"');
  stage.token.putBack();
  expect(labels()).toContain(label);
  const findings = (await operate('doctor', {})) as { level: string; finding: string }[];
  expect(findings.filter(({ finding }) => finding.includes(label))).toMatchObject([{ level: 'warning' }]);
  await stage.installation.services.tidy();
  expect(labels()).toEqual([(await row(biller, 'active')).label]);
});

test('a revoked key is replaced in the same place, or elsewhere on request, and destroyed', {
  meta: { holds: ['IDP-087'], source: 'project rule' },
}, async () => {
  const before = await row(biller, 'active');
  await operate('key.revoke', { biller, reason: 'test', replace: 'EC-P256' });
  const after = await row(biller, 'active');
  expect(labels()).toEqual([after.label]);
  expect(after.keyType).toBe('EC-P256');
  expect(after.x509.verify(after.x509.publicKey)).toBe(true);
  expect(after.fingerprint).not.toBe(before.fingerprint);
  const xml = await signOn(biller);
  expect(xmlsecVerify(xml, toPem(after.certificate), 'Assertion').status).toBe(0);
  await operate('key.revoke', { biller, reason: 'test', replace: 'RSA-2048', module: false });
  expect((await row(biller, 'active')).moduleLabel).toBeNull();
  expect(labels()).toEqual([]);
  await operate('key.revoke', { biller, reason: 'test', replace: 'RSA-2048', module: true });
});

test('a private key in the HSM can’t be exported', async () => {
  const passphrase = 'a passphrase long enough';
  await expect(operate('key.export-private', { biller, reason: 'test', passphrase })).rejects.toThrow(
    'is in the HSM, which does not export private keys',
  );
  expect(await operate('key.export', { biller })).toMatchObject({
    fingerprint: (await row(biller, 'active')).fingerprint,
  });
});

test('a new master key leaves keys in the HSM alone', async () => {
  const { database, masterKey } = stage.installation.services;
  await operate('key.stage', { biller, module: false });
  const inHsm = await row(biller, 'active');
  masterKey.adopt([newMasterKey(), stage.installation.masterKey]);
  await rewrapSecrets(database.db, masterKey);
  expect((await countSecrets(database.db, masterKey)).other).toBe(0);
  expect(await row(biller, 'active')).toEqual(inHsm);
  await signOn(biller);
});

test('a key whose creation was interrupted is destroyed, and one that was stored is not', {
  meta: { holds: ['IDP-089'], source: 'project rule' },
}, async () => {
  const { services } = stage.installation;
  const { id: billerId, slug, name: billerName, entityId } = await services.billers.bySlug(biller);
  const lost = await services.hsmKeys.make({ billerId, slug, billerName, entityId }, 'RSA-2048', 'staged');
  await operate('key.stage', { biller });
  const active = await row(biller, 'active');
  const staged = await row(biller, 'staged');
  await services.tidy();
  expect(labels().sort()).toEqual([active.label, lost.moduleLabel ?? '', staged.label].sort());
  stage.pass(TEN_MINUTES);
  await services.tidy();
  expect(labels().sort()).toEqual([active.label, staged.label].sort());
});

test('removing a biller destroys its keys in the HSM', async () => {
  const before = labels();
  await stage.installation.addBiller('short-lived', { module: true });
  expect(labels()).toHaveLength(before.length + 1);
  await operate('biller.remove', { slug: 'short-lived' });
  expect(labels()).toEqual(before);
});

test('scheduled staging also makes the key in the HSM if the active key is there', async () => {
  await stage.installation.addBiller('scheduled', { module: true, settings: { stageDaysBefore: 90 } });
  stage.pass(3 * 365 * 86_400_000 - 60 * 86_400_000);
  await stage.installation.services.expiry.look();
  expect((await row('scheduled', 'staged')).label).toMatch(/^ic-idp scheduled /);
  stage.pass(-(3 * 365 * 86_400_000 - 60 * 86_400_000));
  await operate('biller.remove', { slug: 'scheduled' });
});

test('a staged key in the HSM signs for its canary', async () => {
  await operate('biller.update', { slug: biller, settings: { rotation: 'overlap' } });
  await operate('key.stage', { biller, module: true });
  const [user] = (await operate('user.list', { biller })) as [{ email: string }];
  await operate('key.canary', { biller, user: user.email });
  const staged = await row(biller, 'staged');
  expect(xmlsecVerify(await signOn(biller), toPem(staged.certificate), 'Assertion').status).toBe(0);
});

describe('another key under the same label', () => {
  test('signs nothing, because the Service Provider would reject it', async () => {
    const { hsm, keys } = stage.installation.services;
    const { label, x509 } = await row(biller, 'active');
    await hsm?.destroy(label);
    await hsm?.generate(label, 'RSA-2048');
    keys.forget(undefined);
    await expect(signOn(biller)).rejects.toThrow('signing_key_unavailable');
    const findings = (await operate('doctor', {})) as { level: string; finding: string }[];
    expect(findings.filter(({ level }) => level === 'error').map(({ finding }) => finding)).toContain(
      `the active key can't be used: the key "${label}" in the HSM does not match its certificate`,
    );
    expect(x509.publicKey.type).toBe('public');
    await operate('key.revoke', { biller, reason: 'test', replace: 'RSA-2048' });
    await signOn(biller);
  });
});
