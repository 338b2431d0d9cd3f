import { beforeAll, describe, expect, test } from 'vitest';
import { SignedXml } from 'xml-crypto';
import { PROTOCOL } from '../../../../src/protocols/saml/names.ts';
import { readAuthnRequest } from '../../../../src/protocols/saml/reading/authn-request.ts';
import { parseXml, type XmlElement } from '../../../../src/protocols/saml/reading/xml.ts';
import { verifyPostSignature } from '../../../../src/protocols/saml/signatures/verify-post-signature.ts';
import { authnRequest } from '../../../support/saml/authn-request.ts';
import { parseDom } from '../../../support/saml/dom.ts';
import { makeSigningKey, type SigningKey } from '../../../support/saml/saml.ts';
import { xmlsecAccepts } from '../../../support/saml/xmlsec-signer.ts';
import { afterIssuer, certificatesOf, refusalOf, signedBy, unsigned } from './signed-post.ts';

const GOOD = 'https://sp.example/acs';
/** What an attacker wants us to read. */
const EVIL = 'https://evil.example/acs';

let key: SigningKey;
/** A request signed by the Service Provider that an attacker has obtained. */
let signed: string;
let signature: string;
const evil = (id: string) => authnRequest({ attributes: { ID: id, AssertionConsumerServiceURL: EVIL } });

/** A document appended inside another one. */
const endOf = (outer: string, inner: string) => outer.replace(/<.samlp:AuthnRequest>$/, `${inner}$&`);
const extensions = (inner: string) => `<samlp:Extensions>${inner}</samlp:Extensions>`;
const object = (inner: string) => `<ds:Object>${inner}</ds:Object>`;
const intoSignature = (inner: string) => signature.replace('</ds:Signature>', `${inner}</ds:Signature>`);

beforeAll(async () => {
  key = await makeSigningKey('RSA-2048');
  signed = signedBy(key);
  const end = '</ds:Signature>';
  signature = signed.slice(signed.indexOf('<ds:Signature'), signed.indexOf(end) + end.length);
});

/** @returns the ACS that would be trusted, or the refusal with its detail */
function believed(xml: string): string | undefined {
  const refusal = refusalOf(xml, certificatesOf(key));
  if (refusal !== 'accepted') return refusal;
  return readAuthnRequest(verifyPostSignature(xml, certificatesOf(key))).acsUrl;
}

/** Every ACS that any reader might take from a document. */
function readable({ namespace, name, attributes, children }: XmlElement): (string | undefined)[] {
  const own = namespace === PROTOCOL && name === 'AuthnRequest' ? [attributes.get('AssertionConsumerServiceURL')] : [];
  return [...own, ...children.flatMap(readable)];
}

test('the signed request itself is trusted, as signed', {
  meta: { holds: ['IDP-032'], source: 'SAML Core 5.4' },
}, () => {
  expect(xmlsecAccepts(signed, key)).toBe(true);
  expect(believed(signed)).toBe(GOOD);
});

/** Tells whether xml-crypto alone verifies the first signature of a document. */
function xmlCryptoAccepts(xml: string): boolean {
  const verifier = new SignedXml({ publicCert: key.certificatePem, getCertFromKeyInfo: () => null });
  try {
    verifier.loadSignature(parseDom(xml).getElementsByTagName('ds:Signature').item(0) as unknown as Node);
    return verifier.checkSignature(xml);
  } catch {
    return false;
  }
}

/**
 * The shapes from Somorovsky et al., On Breaking SAML (2012), applied to requests: xmlsec1 or xml-crypto verifies the
 * signature, while a reader that takes the root, or the first or last request it finds, gets the evil one. When two
 * elements share an ID, both tools refuse; others take the first or the last.
 */
const shapes: [string, () => string, boolean, RegExp][] = [
  [
    'XSW1: the evil request, with the signed one in an Object of its Signature',
    () => afterIssuer(evil('_evil'), intoSignature(object(unsigned))),
    true,
    /expected SignedInfo, SignatureValue, KeyInfo in Signature/,
  ],
  [
    'XSW2: the evil request with the Signature, preceded by the signed one',
    () => afterIssuer(evil('_evil'), unsigned + signature),
    true,
    /expected the Reference "#_evil"; found "#_good"/,
  ],
  [
    'XSW3: the evil request before the signed one, under a common root',
    () => `<r>${evil('_evil')}${signed}</r>`,
    true,
    /expected the Signature as a direct child of the message/,
  ],
  [
    'XSW4: the evil request around the signed one',
    () => endOf(evil('_evil'), signed),
    true,
    /expected the Signature as a direct child of the message/,
  ],
  [
    'XSW5: the evil request with the Signature and the same ID, ending with the signed one',
    () => endOf(afterIssuer(evil('_good'), signature), unsigned),
    false,
    /expected unique IDs/,
  ],
  [
    'XSW6: the evil request with the same ID, with the signed one in an Object of its Signature',
    () => afterIssuer(evil('_good'), intoSignature(object(unsigned))),
    false,
    /expected unique IDs/,
  ],
  [
    'XSW7: the evil request with the Signature, and the signed one in its Extensions',
    () => afterIssuer(evil('_evil'), signature + extensions(unsigned)),
    true,
    /expected the Reference "#_evil"; found "#_good"/,
  ],
  [
    'XSW8: the signed request, with the evil one in an Object of its Signature',
    () => signed.replace(signature, () => intoSignature(object(evil('_evil')))),
    true,
    /expected SignedInfo, SignatureValue, KeyInfo in Signature/,
  ],
];

describe('signature wrapping', () => {
  test.each(shapes)(
    '%s: refused',
    { meta: { holds: ['IDP-032'], source: 'SAML Core 5.4' } },
    (_title, document, accepted, refusal) => {
      const xml = document();
      expect(readable(parseXml(xml))).toContain(EVIL);
      expect(xmlsecAccepts(xml, key) || xmlCryptoAccepts(xml)).toBe(accepted);
      expect(believed(xml)).toMatch(/^signature_invalid/);
      expect(believed(xml)).toMatch(refusal);
    },
  );

  test('KeyInfo, which is not signed, is never read', {
    meta: { holds: ['IDP-032'], source: 'SAML Core 5.4.5' },
  }, () => {
    const xml = signed.replace(signature, () => intoSignature(`<ds:KeyInfo>${evil('_evil')}</ds:KeyInfo>`));
    expect(xmlsecAccepts(xml, key)).toBe(true);
    expect(believed(xml)).toBe(GOOD);
  });

  test('the same Signature moved into other messages is refused', {
    meta: { holds: ['IDP-032'], source: 'SAML Core 5.4' },
  }, () => {
    expect(believed(afterIssuer(evil('_good'), signature))).toMatch(/found a different digest/);
    expect(believed(signed.replace(GOOD, EVIL))).toMatch(/found a different digest/);
  });
});
