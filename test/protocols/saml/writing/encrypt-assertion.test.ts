import { constants, createDecipheriv, privateDecrypt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SAML } from '@node-saml/node-saml';
import { beforeAll, expect, test } from 'vitest';
import {
  OAEP_DIGEST_URIS,
  OAEP_MASK_URIS,
  type OaepDigest,
} from '../../../../src/protocols/saml/signatures/algorithms.ts';
import type { Encryption } from '../../../../src/protocols/saml/writing/encrypt-assertion.ts';
import { newSamlId } from '../../../../src/protocols/saml/writing/id.ts';
import { makeResponse, SIGN_CHOICES } from '../../../../src/protocols/saml/writing/response.ts';
import {
  all,
  attributes,
  children,
  type DomElement,
  exclusiveCanonicalForm,
  only,
  parseDom,
} from '../../../support/saml/dom.ts';
import { ACS, AUDIENCE, assertionContent, makeSigningKey, type SigningKey } from '../../../support/saml/saml.ts';
import {
  libxmlCanonicalForm,
  runTool,
  schemaErrors,
  withFiles,
  xmlsecVerify,
} from '../../../support/saml/xml-tools.ts';

let idp: SigningKey;
let sp: SigningKey;
beforeAll(async () => {
  [idp, sp] = [await makeSigningKey('RSA-2048'), await makeSigningKey('RSA-2048')];
});
const USUAL = { keyTransport: 'rsa-oaep-mgf1p', digest: 'sha1', mask: 'sha1' } as const;
const respond = (
  what: (typeof SIGN_CHOICES)[number],
  dataAlgorithm: 'aes256-gcm' | 'aes128-gcm',
  values = ['101Invoice'],
  transport: Pick<Encryption, 'keyTransport' | 'digest' | 'mask'> = USUAL,
) => {
  const attributes = [{ name: 'AccountNumber', nameFormat: 'urn:x', values }];
  const encryption = { certificate: sp.signer.certificate, dataAlgorithm, ...transport };
  return makeResponse(newSamlId(), assertionContent({ attributes }), what, idp.signer, encryption);
};

const cases = SIGN_CHOICES.flatMap((what) =>
  (['aes256-gcm', 'aes128-gcm'] as const).map((algorithm) => [what, algorithm] as const),
);

test.each(cases)(
  'signed (%s), then encrypted with %s: node-saml decrypts and verifies',
  { meta: { holds: ['IDP-060'], source: 'SAML Core 6.2' } },
  async (what, algorithm) => {
    const hostile = ['101 & <b> "é" 😀 ]]>'];
    const xml = await respond(what, algorithm, hostile);
    expect(xml).not.toContain('<saml:Assertion');
    expect(xml).toContain(`http://www.w3.org/2009/xmlenc11#${algorithm}`);
    const saml = new SAML({
      entryPoint: 'https://idp.example/sso',
      issuer: AUDIENCE,
      audience: AUDIENCE,
      callbackUrl: ACS,
      idpCert: idp.certificatePem,
      decryptionPvk: sp.privateKeyPem,
      wantAssertionsSigned: what !== 'response',
      wantAuthnResponseSigned: what !== 'assertion',
      acceptedClockSkewMs: 5_000,
    });
    const SAMLResponse = Buffer.from(xml).toString('base64');
    const { profile } = await saml.validatePostResponseAsync({ SAMLResponse });
    expect(profile?.AccountNumber).toBe(hostile[0]);
  },
);

test.each(cases)(
  'the Response around it is its own canonical form (signed: %s, %s)',
  { meta: { holds: ['IDP-060'], source: 'Exclusive XML Canonicalization 1.0' } },
  async (what, algorithm) => {
    const xml = await respond(what, algorithm);
    expect(exclusiveCanonicalForm(parseDom(xml))).toBe(xml);
    expect(libxmlCanonicalForm(xml)).toBe(xml);
    if (what !== 'assertion') expect(xmlsecVerify(xml, idp.certificatePem).status).toBe(0);
  },
);

function xmlsecDecrypt(xml: string) {
  return withFiles({ 'document.xml': xml, 'key.pem': sp.privateKeyPem }, (path) => {
    const decrypt = (...options: string[]) =>
      runTool('xmlsec1', ['--decrypt', ...options, '--privkey-pem', path('key.pem'), path('document.xml')]);
    // Since version 1.3 it looks up the key by its certificate, unless given --lax-key-search.
    const plain = decrypt();
    return plain.status === 0 ? plain : decrypt('--lax-key-search');
  });
}

test.each(['aes256-gcm', 'aes128-gcm'] as const)(
  'xmlsec1 decrypts it (%s) and gets the signed assertion',
  { meta: { holds: ['IDP-060'], source: 'XML Encryption 1.1' } },
  async (algorithm) => {
    const decrypted = xmlsecDecrypt(await respond('assertion', algorithm));
    expect(decrypted.status).toBe(0);
    expect(decrypted.stdout).toContain('<saml:AttributeValue>101Invoice</saml:AttributeValue>');
    expect(xmlsecVerify(decrypted.stdout, idp.certificatePem, 'Assertion').status).toBe(0);
  },
);

test.each(cases)(
  'it is valid (signed: %s, %s)',
  { meta: { holds: ['IDP-034', 'IDP-060'], source: 'SAML protocol schema 2.0' } },
  async (what, algorithm) => {
    expect(schemaErrors(await respond(what, algorithm), 'protocol')).toBe('');
  },
);

/** The CipherValues in an EncryptedAssertion: the encrypted content key, and the encrypted content. */
function cipherValues(xml: string): { wrappedKey: Buffer; content: Buffer } {
  const [wrappedKey, content, ...others] = all(parseDom(xml), 'e:CipherValue')
    .concat(all(parseDom(xml), 'xenc:CipherValue'))
    .map(({ textContent }) => Buffer.from(textContent, 'base64'));
  if (wrappedKey === undefined || content === undefined || others.length > 0) throw new Error('not two CipherValues');
  return { wrappedKey, content };
}

test.each([
  ['aes256-gcm', 32],
  ['aes128-gcm', 16],
] as const)(
  '%s: a content key of %i bytes and an IV, both fresh each time',
  { meta: { holds: ['IDP-060'], source: 'XML Encryption 1.1, 5.2.4' } },
  async (algorithm, length) => {
    const seen = { keys: new Set<string>(), ivs: new Set<string>() };
    for (let time = 0; time < 5; time += 1) {
      const { wrappedKey, content } = cipherValues(await respond('assertion', algorithm));
      // The identifying mark of OAEP with SHA-1 digest and mask.
      const key = privateDecrypt(
        { key: sp.privateKeyPem, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
        wrappedKey,
      );
      expect(key).toHaveLength(length);
      seen.keys.add(key.toString('hex'));
      // IV, content, tag.
      const iv = content.subarray(0, 12);
      seen.ivs.add(iv.toString('hex'));
      const decipher = createDecipheriv(`aes-${length === 32 ? 256 : 128}-gcm`, key, iv).setAuthTag(
        content.subarray(-16),
      );
      const text = Buffer.concat([decipher.update(content.subarray(12, -16)), decipher.final()]).toString();
      expect(text).toMatch(/^<saml:Assertion xmlns:saml=.*<.saml:Assertion>$/s);
      expect(exclusiveCanonicalForm(parseDom(text))).toBe(text);
    }
    expect([seen.keys.size, seen.ivs.size]).toEqual([5, 5]);
  },
);

test('the key is wrapped with RSA-OAEP for the given certificate, and nothing weaker is mentioned', {
  meta: { holds: ['IDP-060'], source: 'XML Encryption 1.1, 5.5.2' },
}, async () => {
  const root = parseDom(await respond('both', 'aes256-gcm'));
  const [data, transport] = ['xenc:EncryptionMethod', 'e:EncryptionMethod'].map((name) => only(root, name));
  expect(attributes(data as DomElement)).toEqual({ Algorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm' });
  expect(attributes(transport as DomElement)).toEqual({ Algorithm: 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p' });
  expect(only(only(root, 'e:EncryptedKey'), 'X509Certificate').textContent).toBe(sp.signer.certificate);
  expect(attributes(only(root, 'xenc:EncryptedData'))).toEqual({ Type: 'http://www.w3.org/2001/04/xmlenc#Element' });
});

test('with its newer identifier, RSA-OAEP names its digest and mask, and is otherwise the same', {
  meta: { holds: ['IDP-060'], source: 'XML Encryption 1.1, 5.5.2' },
}, async () => {
  const xml = await respond('assertion', 'aes256-gcm', ['101Invoice'], { ...USUAL, keyTransport: 'rsa-oaep' });
  const transport = only(parseDom(xml), 'e:EncryptionMethod');
  const said = children(transport).map((child) => [child.localName, attributes(child).Algorithm]);
  expect([attributes(transport).Algorithm, ...said]).toEqual([
    'http://www.w3.org/2009/xmlenc11#rsa-oaep',
    ['MGF', 'http://www.w3.org/2009/xmlenc11#mgf1sha1'],
    ['DigestMethod', 'http://www.w3.org/2000/09/xmldsig#sha1'],
  ]);
  expect(schemaErrors(xml, 'protocol')).toBe('');
  // The named digest and mask are the ones used: the older identifier with the same digest and mask decrypts it too.
  // Not every xmlsec1 knows the newer one.
  const renamed = xml
    .replace('http://www.w3.org/2009/xmlenc11#rsa-oaep', 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p')
    .replace(/<(\w+:)?MGF .*?MGF>/, '');
  const decrypted = xmlsecDecrypt(renamed);
  expect(decrypted.status).toBe(0);
  expect(xmlsecVerify(decrypted.stdout, idp.certificatePem, 'Assertion').status).toBe(0);
});

test.each<[OaepDigest, OaepDigest]>([
  ['sha256', 'sha256'],
  ['sha256', 'sha1'],
  ['sha512', 'sha512'],
  ['sha1', 'sha256'],
])(
  'with the digest %s and the mask %s, both are named and the openssl command unwraps the key with them',
  { meta: { holds: ['IDP-060'], source: 'XML Encryption 1.1, 5.5.2' } },
  async (digest, mask) => {
    const xml = await respond('assertion', 'aes256-gcm', ['101Invoice'], { keyTransport: 'rsa-oaep', digest, mask });
    const transport = only(parseDom(xml), 'e:EncryptionMethod');
    expect(children(transport).map((child) => [child.localName, attributes(child).Algorithm])).toEqual([
      ['MGF', OAEP_MASK_URIS[mask]],
      ['DigestMethod', OAEP_DIGEST_URIS[digest]],
    ]);
    expect(schemaErrors(xml, 'protocol')).toBe('');
    expect(unwrapped(xml, digest, mask)).toHaveLength(32);
  },
);

test('with the older identifier, another digest can be used, and the mask is still SHA-1', {
  meta: { holds: ['IDP-060'], source: 'XML Encryption 1.1, 5.5.2' },
}, async () => {
  const xml = await respond('assertion', 'aes256-gcm', ['101Invoice'], { ...USUAL, digest: 'sha256' });
  const transport = only(parseDom(xml), 'e:EncryptionMethod');
  expect(children(transport).map((child) => [child.localName, attributes(child).Algorithm])).toEqual([
    ['DigestMethod', OAEP_DIGEST_URIS.sha256],
  ]);
  expect(unwrapped(xml, 'sha256', 'sha1')).toHaveLength(32);
});

/** @returns the content key, unwrapped by the openssl command */
function unwrapped(xml: string, digest: OaepDigest, mask: OaepDigest): Buffer {
  const { wrappedKey } = cipherValues(xml);
  return withFiles({ 'key.pem': sp.privateKeyPem, wrapped: wrappedKey }, (path) => {
    const options = ['rsa_padding_mode:oaep', `rsa_oaep_md:${digest}`, `rsa_mgf1_md:${mask}`];
    const { status, stderr } = runTool('openssl', [
      ...['pkeyutl', '-decrypt', '-inkey', path('key.pem'), '-in', path('wrapped'), '-out', path('plain')],
      ...options.flatMap((option) => ['-pkeyopt', option]),
    ]);
    if (status !== 0) throw new Error(stderr);
    return readFileSync(path('plain'));
  });
}
