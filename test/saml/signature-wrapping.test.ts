import { createHmac } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { readAuthnRequest } from '../../src/saml/authn-request.ts';
import { verifyPostSignature } from '../../src/saml/verify-post-signature.ts';
import { authnRequest, signedMessage } from '../support/authn-request.ts';
import { makeSigningKey, type SigningKey } from '../support/saml.ts';

/** What an attacker wants us to read. */
const EVIL = 'https://evil.example/acs';
const DS = 'http://www.w3.org/2000/09/xmldsig#';
let key: SigningKey;
let signed: string;
let signature: string;
let unsigned: string;

beforeAll(async () => {
  key = await makeSigningKey('RSA-2048');
  unsigned = authnRequest({ attributes: { ID: '_good', Destination: 'https://idp.example/sso' } });
  signed = signedMessage(unsigned, key);
  signature = signed.slice(
    signed.indexOf('<ds:Signature'),
    signed.indexOf('</ds:Signature>') + '</ds:Signature>'.length,
  );
});

const certificates = () => [key.signer.certificate];
const evil = (id: string, inside = '') =>
  authnRequest({ attributes: { ID: id, AssertionConsumerServiceURL: EVIL }, inside });
/** A document put right behind the Issuer of another one. */
const into = (outer: string, inner: string) => outer.replace('</saml:Issuer>', `</saml:Issuer>${inner}`);
const intoSignature = (inner: string) => signature.replace('</ds:Signature>', `${inner}</ds:Signature>`);
const object = (inner: string) => `<ds:Object>${inner}</ds:Object>`;
const extensions = (inner: string) => `<samlp:Extensions>${inner}</samlp:Extensions>`;

/** @returns the ACS that would be believed, or the code of the refusal */
function believed(xml: string): string | undefined {
  try {
    return readAuthnRequest(verifyPostSignature(xml, certificates())).acsUrl ?? 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).name;
  }
}

test('the request itself verifies, and what is read is what was signed (SAML Core 5.4.2)', () => {
  expect(believed(signed)).toBe('none');
  expect(verifyPostSignature(signed, certificates())).not.toContain('Signature');
});

// The shapes of Somorovsky et al., On Breaking SAML (2012), as they look for a request.
const shapes: [string, () => string][] = [
  [
    'XSW1: evil root with the signature, the signed request inside the signature',
    () => into(evil('_evil'), intoSignature(object(unsigned))),
  ],
  [
    'XSW2: evil root, the signed request and its signature beside each other',
    () => into(evil('_evil'), `${signature}${extensions(unsigned)}`),
  ],
  ['XSW3: evil root before the whole signed request', () => into(evil('_evil'), signed)],
  [
    'XSW4: the signed request around the evil one',
    () => signed.replace('</samlp:AuthnRequest>', `${evil('_evil')}</samlp:AuthnRequest>`),
  ],
  [
    'XSW5: evil root that keeps the ID, the signed request behind',
    () => into(evil('_good'), `${signature}${extensions(unsigned)}`),
  ],
  [
    'XSW6: evil root that keeps the ID, the signed request inside the signature',
    () => into(evil('_good'), intoSignature(object(unsigned))),
  ],
  ['XSW7: the signed request in Extensions of the evil one', () => into(evil('_evil'), extensions(signed))],
  [
    'XSW8: the evil request in an Object of the signed one',
    () => signed.replace(signature, intoSignature(object(evil('_evil')))),
  ],
];

test.each(shapes)('32 %s is refused (SAML Core 5.4)', (_title, document) => {
  expect(believed(document())).toBe('signature_invalid');
});

const forms: [string, () => string, string][] = [
  ['a Reference with an empty URI', () => signed.replace('URI="#_good"', 'URI=""'), 'signature_invalid'],
  ['a Reference to another ID', () => signed.replace('URI="#_good"', 'URI="#_other"'), 'signature_invalid'],
  ['two References', () => signed.replace(/<ds:Reference .*<\/ds:Reference>/, '$&$&'), 'signature_invalid'],
  ['two signatures', () => signed.replace(signature, signature + signature), 'signature_invalid'],
  ['no Reference', () => signed.replace(/<ds:Reference .*<\/ds:Reference>/, ''), 'signature_invalid'],
  [
    'a transform more',
    () =>
      signed.replace(
        '</ds:Transforms>',
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/></ds:Transforms>',
      ),
    'signature_invalid',
  ],
  [
    'an XSLT transform',
    () => signed.replace(`${DS}enveloped-signature`, 'http://www.w3.org/TR/1999/REC-xslt-19991116'),
    'signature_invalid',
  ],
  ['a comment in a value', () => signed.replace('sp.example', 'sp.exa<!-- -->mple'), 'XmlError'],
  ['a document type', () => `<!DOCTYPE x>${signed}`, 'XmlError'],
  [
    'SHA-1 as the digest',
    () => signed.replace('2001/04/xmlenc#sha256', '2000/09/xmldsig#sha1'),
    'signature_algorithm_refused',
  ],
  [
    'another canonicalisation',
    () =>
      signed.replace(
        '2001/10/xml-exc-c14n#"/><ds:SignatureMethod',
        'TR/2001/REC-xml-c14n-20010315"/><ds:SignatureMethod',
      ),
    'signature_invalid',
  ],
  ['a value changed', () => signed.replace('https://idp.example/sso', 'https://idp.example/ssO'), 'signature_invalid'],
  [
    'an attribute more',
    () => signed.replace(' ID="_good"', ` AssertionConsumerServiceURL="${EVIL}" ID="_good"`),
    'signature_invalid',
  ],
];

test.each(forms)('32 %s is refused (SAML Core 5.4)', (_title, document, refusal) => {
  const changed = document();
  expect(changed).not.toBe(signed);
  expect(believed(changed)).toBe(refusal);
});

test('31 HMAC with the public certificate as its secret is refused (XML Signature 6.3)', () => {
  const hmac = 'http://www.w3.org/2000/09/xmldsig#hmac-sha1';
  const confused = signed.replace('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', hmac);
  const value = createHmac('sha1', key.certificatePem).update(confused).digest('base64');
  const forged = confused.replace(/(<ds:SignatureValue>)[^<]*/, `$1${value}`);
  expect(believed(forged)).toBe('signature_algorithm_refused');
});

test('31 a key in KeyInfo is not believed (SAML Core 5.4.5)', async () => {
  const stranger = await makeSigningKey('RSA-2048');
  const own = signedMessage(unsigned, stranger);
  expect(own).toContain(stranger.signer.certificate.slice(0, 60));
  expect(believed(own)).toBe('signature_invalid');
});
