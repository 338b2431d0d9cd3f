import { SAML } from '@node-saml/node-saml';
import { beforeAll, expect, test } from 'vitest';
import { newSamlId } from '../../src/saml/id.ts';
import { makeResponse, SIGN_CHOICES } from '../../src/saml/response.ts';
import { exclusiveCanonicalForm, parseDom } from '../support/dom.ts';
import { ACS, AUDIENCE, assertionContent, makeSigningKey, type SigningKey } from '../support/saml.ts';
import { libxmlCanonicalForm, runTool, withFiles, xmlsecVerify } from '../support/xml-tools.ts';

let idp: SigningKey;
let sp: SigningKey;
beforeAll(async () => {
  [idp, sp] = [await makeSigningKey('RSA-2048'), await makeSigningKey('RSA-2048')];
});
const respond = (
  what: (typeof SIGN_CHOICES)[number],
  dataAlgorithm: 'aes256-gcm' | 'aes128-gcm',
  values = ['101Invoice'],
) => {
  const attributes = [{ name: 'AccountNumber', nameFormat: 'urn:x', values }];
  const encryption = { certificate: sp.signer.certificate, dataAlgorithm };
  return makeResponse(newSamlId(), assertionContent({ attributes }), what, idp.signer, encryption);
};

const cases = SIGN_CHOICES.flatMap((what) =>
  (['aes256-gcm', 'aes128-gcm'] as const).map((algorithm) => [what, algorithm] as const),
);

test.each(cases)(
  '60 signed (%s), then encrypted with %s: node-saml decrypts and verifies (SAML Core 6.2)',
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
  '60 the Response around it is its own canonical form (signed: %s, %s) (Exclusive XML Canonicalization 1.0)',
  async (what, algorithm) => {
    const xml = await respond(what, algorithm);
    expect(exclusiveCanonicalForm(parseDom(xml))).toBe(xml);
    expect(libxmlCanonicalForm(xml)).toBe(xml);
    if (what !== 'assertion') expect(xmlsecVerify(xml, idp.certificatePem).status).toBe(0);
  },
);

test('60 xmlsec1 decrypts it, and what it finds is the signed assertion (XML Encryption 1.1)', async () => {
  const xml = await respond('assertion', 'aes256-gcm');
  const decrypted = withFiles({ 'document.xml': xml, 'key.pem': sp.privateKeyPem }, (path) => {
    const decrypt = (...options: string[]) =>
      runTool('xmlsec1', ['--decrypt', ...options, '--privkey-pem', path('key.pem'), path('document.xml')]);
    // From version 1.3 on it looks for the key by its certificate, unless told to take the one it has.
    const plain = decrypt();
    return plain.status === 0 ? plain : decrypt('--lax-key-search');
  });
  expect(decrypted.status).toBe(0);
  expect(decrypted.stdout).toContain('<saml:AttributeValue>101Invoice</saml:AttributeValue>');
  expect(decrypted.stdout).toContain('<ds:SignatureValue>');
});

test('60 content key and IV are fresh each time (XML Encryption 1.1, 5.2.4)', async () => {
  const values = (xml: string) => [...xml.matchAll(/CipherValue>([^<]+)</g)].map((match) => match[1] ?? '');
  const [one, other] = [
    values(await respond('assertion', 'aes256-gcm')),
    values(await respond('assertion', 'aes256-gcm')),
  ];
  expect(one).toHaveLength(2);
  const [key, content] = one;
  expect(other).not.toContain(key);
  // The IV is the beginning of the content's cipher value.
  expect(other[1]?.slice(0, 16)).not.toBe(content?.slice(0, 16));
});
