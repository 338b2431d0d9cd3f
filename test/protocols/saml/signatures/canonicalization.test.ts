import { beforeAll, describe, expect, test } from 'vitest';
import { readAuthnRequest } from '../../../../src/protocols/saml/reading/authn-request.ts';
import { verifyPostSignature } from '../../../../src/protocols/saml/signatures/verify-post-signature.ts';
import { TEST_SP } from '../../../support/installation.ts';
import { type SigningKey, SSO } from '../../../support/saml/saml.ts';
import {
  ENVELOPED,
  EXCLUSIVE,
  opensslKey,
  reference,
  signatureTemplate,
  transform,
  transforms,
  xmlsecAccepts,
} from '../../../support/saml/xmlsec-signer.ts';
import { certificatesOf, refusalOf, sign, unsigned } from './signed-post.ts';

let key: SigningKey;
beforeAll(() => {
  key = opensslKey('rsa:2048');
});

const INCLUSIVE = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
const INCLUSIVE_11 = 'http://www.w3.org/2006/12/xml-c14n11';
const list = (prefixes: string) => `<i:InclusiveNamespaces xmlns:i="${EXCLUSIVE}" PrefixList="${prefixes}"/>`;
const canonicalizations: [string, string][] = [
  [EXCLUSIVE, ''],
  [EXCLUSIVE, list('')],
  [EXCLUSIVE, list('#default')],
  [EXCLUSIVE, list('saml #default samlp')],
  [EXCLUSIVE, list('#default x samlp')],
  [`${EXCLUSIVE}WithComments`, ''],
  [`${EXCLUSIVE}WithComments`, list('#default')],
  [INCLUSIVE, ''],
  [`${INCLUSIVE}#WithComments`, ''],
  [INCLUSIVE_11, ''],
  [`${INCLUSIVE_11}#WithComments`, ''],
];
/** The same request, with namespaces declared in different ways. */
const dresses: Record<string, (xml: string) => string> = {
  'as usual': (xml) => xml,
  'with an unused default namespace': (xml) =>
    xml.replace('<samlp:AuthnRequest', '<samlp:AuthnRequest xmlns="urn:unused" xmlns:x="urn:x"'),
  'with prefixes that a locale would sort differently': (xml) =>
    xml.replace('<samlp:AuthnRequest', '<samlp:AuthnRequest xmlns:Z="urn:z" xmlns:a="urn:a" xmlns:_b="urn:b"'),
  'with nested default namespaces': (xml) =>
    xml.replace(
      '<samlp:NameIDPolicy',
      '<samlp:Extensions xmlns="urn:a"><a><x:b xmlns:x="urn:x" xmlns=""><c x:d="1"/></x:b><x:e xmlns:x="urn:y"/></a></samlp:Extensions><samlp:NameIDPolicy',
    ),
  'with the protocol as the default namespace': (xml) =>
    xml
      .replaceAll('samlp:', '')
      .replace('xmlns:samlp=', 'xmlns=')
      .replace('<NameIDPolicy', '<Extensions><x:e xmlns:x="urn:x" xmlns="urn:y"><f/></x:e></Extensions><NameIDPolicy'),
};
const outcomesOf = (dress: (xml: string) => string, parts: Parameters<typeof signatureTemplate>[1], of: string) => {
  const xml = dress(unsigned);
  const signed = sign(key, signatureTemplate(of, parts), xml);
  const read = readAuthnRequest(verifyPostSignature(signed, certificatesOf(key)));
  return { signed, read };
};

describe.each(Object.keys(dresses))('%s', (name) => {
  const dress = dresses[name] ?? String;
  test.each(canonicalizations)(
    'with the canonicalization %s %s of the message or of SignedInfo',
    { meta: { holds: ['IDP-007'], source: 'XML Signature 1.1, 6.5; Exclusive C14N 1.0, 3' } },
    (uri, inside) => {
      const ofMessage = reference('#_good', transforms(transform(ENVELOPED), transform(uri, inside)));
      for (const { signed, read } of [
        outcomesOf(dress, {}, ofMessage),
        outcomesOf(dress, { canonicalization: uri, inside }, reference('#_good')),
      ]) {
        expect(xmlsecAccepts(signed, key)).toBe(true);
        expect(read).toMatchObject({ id: '_good', destination: SSO, issuer: TEST_SP, signed: false });
      }
    },
  );

  test('with only the enveloped transform, which implies C14N 1.0', {
    meta: { holds: ['IDP-007'], source: 'XML Signature 1.1, 4.4.3.2' },
  }, () => {
    const { signed, read } = outcomesOf(dress, {}, reference('#_good', transforms(transform(ENVELOPED))));
    expect(xmlsecAccepts(signed, key)).toBe(true);
    expect(read).toMatchObject({ id: '_good', destination: SSO, issuer: TEST_SP, signed: false });
  });
});

test('what implementations canonicalize differently is refused with an explanation: references in namespaces, xml:lang around SignedInfo', {
  meta: { holds: ['IDP-031'], source: 'Canonical XML 1.0, 2.3' },
}, () => {
  const dressed = (attribute: string, parts: Parameters<typeof signatureTemplate>[1] = {}) => {
    const xml = unsigned.replace('<samlp:AuthnRequest', `<samlp:AuthnRequest ${attribute}`);
    const signed = sign(key, signatureTemplate(reference('#_good'), parts), xml);
    expect(xmlsecAccepts(signed, key)).toBe(true);
    return refusalOf(signed, certificatesOf(key));
  };
  expect(dressed('xmlns:q="urn:x?a=1&amp;b=2"')).toMatch(/expected namespace names without references/);
  expect(dressed('xml:lang="en"', { canonicalization: INCLUSIVE })).toMatch(
    /expected no xml: attributes around a SignedInfo with inclusive canonicalization; found "xml:lang"/,
  );
  expect(dressed('xml:lang="en"')).toBe('accepted');
});
