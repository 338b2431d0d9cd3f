import { beforeAll, describe, expect, test } from 'vitest';
import { makeSigningKey, type SigningKey } from '../../../support/saml/saml.ts';
import {
  DS,
  ENVELOPED,
  EXCLUSIVE,
  reference,
  signatureTemplate,
  transform,
  transforms,
  xmlsecAccepts,
} from '../../../support/saml/xmlsec-signer.ts';
import { afterIssuer, certificatesOf, refusalOf, sign, unsigned } from './signed-post.ts';

let key: SigningKey;
let signed: string;
let signature: string;
/** Signs with the registered key. */
const made = (template: string, xml?: string) => sign(key, template, xml);
const extensions = (inner: string) => `<samlp:Extensions>${inner}</samlp:Extensions>`;

beforeAll(async () => {
  key = await makeSigningKey('RSA-2048');
  signed = made(signatureTemplate(reference('#_good')));
  const end = '</ds:Signature>';
  signature = signed.slice(signed.indexOf('<ds:Signature'), signed.indexOf(end) + end.length);
});

const xpath = transform(
  'http://www.w3.org/TR/1999/REC-xpath-19991116',
  '<ds:XPath>not(ancestor-or-self::node()[local-name()="NameIDPolicy"])</ds:XPath>',
);
const xslt = transform(
  'http://www.w3.org/TR/1999/REC-xslt-19991116',
  '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/"><a/></xsl:template></xsl:stylesheet>',
);
const withTransforms = (...each: string[]) => made(signatureTemplate(reference('#_good', transforms(...each))));
const withIssuerId = unsigned.replace('<saml:Issuer>', '<saml:Issuer ID="_issuer">');

/** Signed by the registered key and accepted by xmlsec1, but in a form that SAML does not allow. */
const forms: [string, () => string, RegExp][] = [
  ['a Reference with an empty URI', () => made(signatureTemplate(reference(''))), /the Reference "#_good"; found ""/],
  [
    'a Reference by XPointer',
    () => made(signatureTemplate(reference("#xpointer(id('_good'))"))),
    /the Reference "#_good"; found "#xpointer/,
  ],
  [
    'a Reference to part of the message',
    () => made(signatureTemplate(reference('#_issuer')), withIssuerId),
    /the Reference "#_good"; found "#_issuer"/,
  ],
  [
    'two References to the message',
    () => made(signatureTemplate(reference('#_good') + reference('#_good'))),
    /SignatureMethod, Reference in SignedInfo; found .*Reference, Reference/,
  ],
  [
    'a Reference to the message and one to part of it',
    () => made(signatureTemplate(reference('#_good') + reference('#_issuer')), withIssuerId),
    /SignatureMethod, Reference in SignedInfo; found .*Reference, Reference/,
  ],
  [
    'an XPath transform that cuts out an element',
    () => withTransforms(transform(ENVELOPED), xpath, transform(EXCLUSIVE)),
    /expected Transform, Transform in Transforms/,
  ],
  [
    'an XPath transform instead of the enveloped one',
    () => withTransforms(xpath.replace('NameIDPolicy', 'Signature'), transform(EXCLUSIVE)),
    /the first Transform ".*enveloped-signature"; found ".*xpath/,
  ],
  [
    'an XSLT transform',
    () => withTransforms(transform(ENVELOPED), xslt, transform(EXCLUSIVE)),
    /expected Transform, Transform in Transforms/,
  ],
  [
    'an XSLT transform instead of the canonicalization',
    () => withTransforms(transform(ENVELOPED), xslt),
    /signature_algorithm_refused: The second Transform: expected ".*xml-exc-c14n#" or C14N 1.0 or 1.1; found ".*xslt/,
  ],
  [
    'the canonicalization twice',
    () => withTransforms(transform(ENVELOPED), transform(EXCLUSIVE), transform(EXCLUSIVE)),
    /expected Transform, Transform in Transforms/,
  ],
  [
    'an Object',
    () => made(signatureTemplate(reference('#_good'), { after: '<ds:Object/>' })),
    /SignatureValue, KeyInfo in Signature; found SignedInfo, SignatureValue, Object/,
  ],
  [
    'the Signature in Extensions',
    () => sign(key, extensions(signatureTemplate(reference('#_good')))),
    /expected the Signature as a direct child of the message/,
  ],
  [
    'a second Signature in Extensions',
    () => made(signatureTemplate(reference('#_good')), afterIssuer(unsigned, extensions(signature))),
    /expected one Signature in the message; found 2/,
  ],
  ...['ID', 'Id', 'id'].map((name): (typeof forms)[number] => [
    `another element with the same ${name}`,
    () =>
      made(signatureTemplate(reference('#_good')), unsigned.replace(' AllowCreate=', ` ${name}="_good" AllowCreate=`)),
    /expected unique IDs/,
  ]),
  [
    'another element with the same ID in a namespace',
    () =>
      made(
        signatureTemplate(reference('#_good')),
        unsigned.replace(' AllowCreate=', ' xmlns:x="urn:x" x:ID="_good" AllowCreate='),
      ),
    /^signature_invalid/,
  ],
  [
    'two other elements with the same ID',
    () => made(signatureTemplate(reference('#_good')), afterIssuer(unsigned, extensions('<a ID="x"/><b ID="x"/>'))),
    /expected unique IDs/,
  ],
  [
    'a comment inside a value',
    () => signed.replace('sp.example/meta', 'sp.example<!-- -->/meta'),
    /expected a signed message without comments; found a comment/,
  ],
  [
    'a comment between elements',
    () => signed.replace('<saml:Issuer', '<!-- --><saml:Issuer'),
    /expected a signed message without comments; found a comment/,
  ],
];

describe('a valid signature in a bad form is refused', () => {
  test.each(forms)(
    '%s: refused',
    { meta: { holds: ['IDP-032'], source: 'SAML Core 5.4' } },
    (_title, document, refusal) => {
      const xml = document();
      expect(xmlsecAccepts(xml, key)).toBe(true);
      expect(refusalOf(xml, certificatesOf(key))).toMatch(refusal);
    },
  );
});

/** Even xmlsec1 refuses these, but another reader may not. */
const broken: [string, () => string, RegExp][] = [
  [
    'KeyInfo twice',
    () => signed.replace('</ds:Signature>', '<ds:KeyInfo/><ds:KeyInfo/>$&'),
    /found SignedInfo, SignatureValue, KeyInfo, KeyInfo/,
  ],
  [
    'an unknown canonicalization of SignedInfo',
    () =>
      signed.replace(
        `<ds:CanonicalizationMethod Algorithm="${EXCLUSIVE}"`,
        '<ds:CanonicalizationMethod Algorithm="urn:x"',
      ),
    /^signature_algorithm_refused: CanonicalizationMethod: expected ".*xml-exc-c14n#" or C14N 1.0 or 1.1; found "urn:x"/,
  ],
  [
    'the enveloped transform instead of the canonicalization',
    () => signed.replace(`<ds:Transform Algorithm="${EXCLUSIVE}"`, `<ds:Transform Algorithm="${ENVELOPED}"`),
    /^signature_algorithm_refused: The second Transform: .*; found ".*enveloped-signature"/,
  ],
  [
    'no Transform',
    () => signed.replace(/<ds:Transforms>.*<\/ds:Transforms>/s, '<ds:Transforms></ds:Transforms>'),
    /expected Transform, Transform in Transforms; found nothing/,
  ],
  [
    'only the canonicalization',
    () => signed.replace(/<ds:Transform Algorithm="[^"]*enveloped-signature"[^>]*>(<\/ds:Transform>)?/, ''),
    /the first Transform ".*enveloped-signature"; found ".*xml-exc-c14n#"/,
  ],
  [
    'a list of prefixes for a canonicalization that accepts none',
    () =>
      signed.replace(
        /<ds:CanonicalizationMethod [^>]*>(<\/ds:CanonicalizationMethod>)?/,
        `<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2006/12/xml-c14n11"><i:InclusiveNamespaces xmlns:i="${EXCLUSIVE}" PrefixList="saml"/></ds:CanonicalizationMethod>`,
      ),
    /expected nothing in CanonicalizationMethod/,
  ],
  ['a Reference without a URI', () => signed.replace(' URI="#_good"', ''), /the Reference "#_good"; found none/],
  [
    'a message without an ID',
    () => signed.replace(' ID="_good"', '').replace('#_good', '#'),
    /expected an ID on the message/,
  ],
  [
    'a message with an empty ID',
    () => signed.replace('"_good"', '""').replace('#_good', '#'),
    /expected an ID on the message/,
  ],
  ['no Reference', () => signed.replace(/<ds:Reference .*<\/ds:Reference>/, ''), /Reference in SignedInfo/],
  [
    'no SignatureValue',
    () => signed.replace(/<ds:SignatureValue>.*<\/ds:SignatureValue>/s, ''),
    /SignatureValue.* in Signature/,
  ],
  ['an empty Signature', () => signed.replace(signature, `<ds:Signature xmlns:ds="${DS}"/>`), /found nothing/],
  ['KeyInfo first', () => signed.replace('<ds:SignedInfo>', '<ds:KeyInfo/>$&'), /found KeyInfo, SignedInfo/],
  [
    'an additional Reference in another namespace',
    () => signed.replace('</ds:SignedInfo>', '<x:Reference xmlns:x="urn:x" URI="#_evil"/>$&'),
    /found CanonicalizationMethod, SignatureMethod, Reference, \{urn:x\}Reference/,
  ],
  [
    'a SignatureMethod in another namespace',
    () => signed.replace('<ds:SignatureMethod', '<x:SignatureMethod xmlns:x="urn:x"'),
    /found CanonicalizationMethod, \{urn:x\}SignatureMethod, Reference/,
  ],
  [
    'something inside SignatureMethod',
    () =>
      signed.replace(
        /(<ds:SignatureMethod [^>]*)\/>/,
        '$1><ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>',
      ),
    /expected nothing in SignatureMethod; found HMACOutputLength/,
  ],
  [
    'parameters other than prefixes for the canonicalization',
    () => signed.replace(/(<ds:CanonicalizationMethod [^>]*)\/>/, '$1><ds:XPath/></ds:CanonicalizationMethod>'),
    /expected at most one InclusiveNamespaces in CanonicalizationMethod; found XPath/,
  ],
  [
    'parameters for the enveloped transform',
    () => signed.replace(/(<ds:Transform [^>]*signature")\/>/, '$1><ds:XPath/></ds:Transform>'),
    /expected nothing in Transform; found XPath/,
  ],
  [
    'a value split by an element',
    () => signed.replace('<ds:DigestValue>', '$&<ds:DigestValue/>'),
    /expected nothing in DigestValue; found DigestValue/,
  ],
  ['two Signatures', () => signed.replace(signature, signature + signature), /one Signature in the message; found 2/],
  ['no Signature', () => unsigned, /one Signature in the message; found 0/],
  ['a document type', () => `<!DOCTYPE x>${signed}`, /contains a document type/],
];

test.each(broken)(
  '%s: refused',
  { meta: { holds: ['IDP-032'], source: 'SAML Core 5.4' } },
  (_title, document, refusal) => {
    const xml = document();
    expect(xml).not.toBe(signed);
    expect(refusalOf(xml, certificatesOf(key))).toMatch(refusal);
  },
);
