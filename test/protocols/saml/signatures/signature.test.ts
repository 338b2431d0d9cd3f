import { createHash, verify } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { prepareSignature } from '../../../../src/protocols/saml/signatures/signature.ts';
import {
  makeErrorResponse,
  makeResponse,
  SIGN_CHOICES,
  type SignChoice,
} from '../../../../src/protocols/saml/writing/response.ts';
import {
  attributes,
  children,
  type DomElement,
  exclusiveCanonicalForm,
  only,
  parseDom,
} from '../../../support/saml/dom.ts';
import { ACS, assertionContent, ISSUER, makeSigningKey, type SigningKey } from '../../../support/saml/saml.ts';

const KEY_TYPES = ['RSA-2048', 'EC-P256'] as const;
const ALGORITHMS = {
  'RSA-2048': 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'EC-P256': 'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256',
};
const EXCLUSIVE_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
let keys: Record<(typeof KEY_TYPES)[number], SigningKey>;
beforeAll(async () => {
  keys = { 'RSA-2048': await makeSigningKey('RSA-2048'), 'EC-P256': await makeSigningKey('EC-P256') };
});

const SIGNED: Readonly<Record<SignChoice, readonly string[]>> = {
  assertion: ['saml:Assertion'],
  response: ['samlp:Response'],
  both: ['samlp:Response', 'saml:Assertion'],
};
const elementNamed = (root: DomElement, name: string) => (root.nodeName === name ? root : only(root, name));
const signatureOf = (element: DomElement) => children(element).find(({ nodeName }) => nodeName === 'ds:Signature');

test.each(SIGN_CHOICES)(
  'signed %s means exactly that',
  { meta: { holds: ['IDP-052'], source: 'SAML Core 5' } },
  async (choice) => {
    const root = parseDom(await makeResponse('_r1', assertionContent(), choice, keys['EC-P256'].signer));
    const signed = ['samlp:Response', 'saml:Assertion'].filter((name) => signatureOf(elementNamed(root, name)));
    expect(signed).toEqual(SIGNED[choice]);
  },
);

test.each([
  ['assertion', false],
  ['response', true],
  ['both', true],
] as const)(
  'if %s is signed, an error Response is signed: %s',
  { meta: { holds: ['IDP-033', 'IDP-052'], source: 'SAML Core 5' } },
  async (choice, expected) => {
    const content = { id: '_r1', issuer: ISSUER, issueInstant: 0, destination: ACS, inResponseTo: '_q' };
    const xml = await makeErrorResponse(content, { codes: ['Requester'] }, choice, keys['EC-P256'].signer);
    expect(signatureOf(parseDom(xml)) !== undefined).toBe(expected);
  },
);

describe.each(KEY_TYPES)('a signature by a key of type %s', (type) => {
  /** Each signed element of a Response, with its signature. */
  async function signedElements() {
    const root = parseDom(await makeResponse('_r1', assertionContent({ id: '_a1' }), 'both', keys[type].signer));
    return SIGNED.both.map((name) => {
      const element = elementNamed(root, name);
      return { element, signature: signatureOf(element) as DomElement };
    });
  }

  test('is right after Issuer', { meta: { holds: ['IDP-053'], source: 'SAML Core 2.3.3, 3.2.2' } }, async () => {
    for (const { element } of await signedElements()) {
      expect(
        children(element)
          .map(({ nodeName }) => nodeName)
          .slice(0, 2),
      ).toEqual(['saml:Issuer', 'ds:Signature']);
    }
  });

  test('has one Reference, to its parent; only enveloped and exclusive C14N transforms; SHA-256', {
    meta: { holds: ['IDP-054', 'IDP-055', 'IDP-056'], source: 'SAML Core 5.4' },
  }, async () => {
    const found = await signedElements();
    expect(found.map(({ element }) => element.getAttribute('ID'))).toEqual(['_r1', '_a1']);
    for (const { element, signature } of found) {
      const [signedInfo] = children(signature) as [DomElement];
      const [canonicalization, method, reference, ...others] = children(signedInfo) as DomElement[];
      expect(others).toEqual([]);
      expect(attributes(canonicalization as DomElement)).toEqual({ Algorithm: EXCLUSIVE_C14N });
      expect(attributes(method as DomElement)).toEqual({ Algorithm: ALGORITHMS[type] });
      expect(attributes(reference as DomElement)).toEqual({ URI: `#${element.getAttribute('ID')}` });
      const [transforms, digestMethod] = children(reference as DomElement) as DomElement[];
      expect(children(transforms as DomElement).map(attributes)).toEqual([
        { Algorithm: 'http://www.w3.org/2000/09/xmldsig#enveloped-signature' },
        { Algorithm: EXCLUSIVE_C14N },
      ]);
      // No InclusiveNamespaces.
      expect(children(transforms as DomElement).flatMap(children)).toEqual([]);
      expect(attributes(digestMethod as DomElement)).toEqual({ Algorithm: 'http://www.w3.org/2001/04/xmlenc#sha256' });
    }
  });

  test('has the digest of its parent without the signature, and the value over SignedInfo', {
    meta: { holds: ['IDP-055', 'IDP-056'], source: 'XML Signature 3.2' },
  }, async () => {
    for (const { element, signature } of await signedElements()) {
      const signedInfo = children(signature)[0] as DomElement;
      const value = Buffer.from(children(signature)[1]?.textContent ?? '', 'base64');
      const digest = createHash('sha256')
        .update(exclusiveCanonicalForm(element).replace(exclusiveCanonicalForm(signature), ''))
        .digest('base64');
      expect(only(signedInfo, 'ds:DigestValue').textContent).toBe(digest);
      expect(value).toHaveLength(type === 'EC-P256' ? 64 : 256);
      const key = { key: keys[type].keyPair.publicKey, dsaEncoding: 'ieee-p1363' } as const;
      expect(verify('sha256', Buffer.from(exclusiveCanonicalForm(signedInfo)), key, value)).toBe(true);
    }
  });

  test('has the certificate of the signing key in KeyInfo, only', {
    meta: { holds: ['IDP-057'], source: 'XML Signature 4.5.4' },
  }, async () => {
    for (const { signature } of await signedElements()) {
      const [, , keyInfo, ...others] = children(signature) as DomElement[];
      expect(others).toEqual([]);
      expect(exclusiveCanonicalForm(keyInfo as DomElement)).toBe(
        '<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>' +
          `${keys[type].signer.certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`,
      );
    }
  });
});

test('a signature value in the middle of a larger buffer is read correctly', () => {
  const { complete } = prepareSignature('<a></a>', '_a', keys['EC-P256'].signer);
  const pool = Buffer.from('....value....');
  expect(complete(pool.subarray(4, 9))).toContain(`<ds:SignatureValue>${Buffer.from('value').toString('base64')}<`);
});

test.each(SIGN_CHOICES)('signed %s, there is no Response if the signer fails', async (choice) => {
  const signer = { ...keys['EC-P256'].signer, sign: () => Promise.reject(new Error('the HSM is gone')) };
  await expect(makeResponse('_r1', assertionContent(), choice, signer)).rejects.toThrow('the HSM is gone');
});
