import { beforeAll, describe, expect, test } from 'vitest';
import { NAME_ID_FORMATS } from '../../../../src/protocols/saml/names.ts';
import { entityTag } from '../../../../src/protocols/saml/writing/metadata.ts';
import { all, attributes, children, exclusiveCanonicalForm, only, parseDom } from '../../../support/saml/dom.ts';
import { HOSTILE, ISSUER, idpMetadata, makeSigningKey, type SigningKey, SSO } from '../../../support/saml/saml.ts';

let rsa: SigningKey;
let ec: SigningKey;
beforeAll(async () => {
  [rsa, ec] = await Promise.all([makeSigningKey('RSA-2048'), makeSigningKey('EC-P256')]);
});

const VALID_UNTIL = Date.UTC(2029, 2, 1, 8, 30);
const written = (overrides: Parameters<typeof idpMetadata>[0] = {}, signer?: SigningKey['signer']) =>
  idpMetadata(
    { certificates: [rsa.signer.certificate, ec.signer.certificate], validUntil: VALID_UNTIL, ...overrides },
    signer,
  );
const parsed = async (...given: Parameters<typeof written>) => parseDom(await written(...given));

test('the root has the Entity ID, and expires with the certificate, long after its cache time', {
  meta: { holds: ['IDP-073', 'IDP-077'], source: 'SAML Metadata 2.3.2' },
}, async () => {
  expect(attributes(await parsed())).toEqual({
    cacheDuration: 'PT6H',
    entityID: ISSUER,
    validUntil: '2029-03-01T08:30:00Z',
  });
});

test('it has an IdP role with an SSO Service for both bindings, and no Single Logout', {
  meta: { holds: ['IDP-074', 'IDP-076'], source: 'SAML Metadata 2.4.3' },
}, async () => {
  const root = await parsed();
  expect(children(root).map(({ nodeName }) => nodeName)).toEqual([
    'md:Extensions',
    'md:IDPSSODescriptor',
    'md:Organization',
  ]);
  const role = only(root, 'md:IDPSSODescriptor');
  expect(attributes(role)).toEqual({
    WantAuthnRequestsSigned: 'false',
    protocolSupportEnumeration: 'urn:oasis:names:tc:SAML:2.0:protocol',
  });
  expect(all(root, 'md:SingleSignOnService').map(attributes)).toEqual(
    ['HTTP-Redirect', 'HTTP-POST'].map((binding) => ({
      Binding: `urn:oasis:names:tc:SAML:2.0:bindings:${binding}`,
      Location: SSO,
    })),
  );
  expect(new Set(children(role).map(({ nodeName }) => nodeName))).toEqual(
    new Set(['md:KeyDescriptor', 'md:NameIDFormat', 'md:SingleSignOnService']),
  );
});

test('it lists the accepted request signature algorithms, and SHA-1 is not among them', {
  meta: { holds: ['IDP-076'], source: 'SAML Metadata Profile for Algorithm Support 1.0' },
}, async () => {
  const extensions = only(await parsed(), 'md:Extensions');
  const listed = (name: string) => all(extensions, name).map((method) => attributes(method).Algorithm?.split('#')[1]);
  expect(listed('alg:DigestMethod')).toEqual(['sha256', 'sha384', 'sha512']);
  expect(listed('alg:SigningMethod')).toEqual(
    ['rsa', 'ecdsa'].flatMap((kind) => ['sha256', 'sha384', 'sha512'].map((hash) => `${kind}-${hash}`)),
  );
  expect(children(extensions).map(({ namespaceURI }) => namespaceURI)).toEqual(
    Array.from({ length: 9 }, () => 'urn:oasis:names:tc:SAML:metadata:algsupport'),
  );
});

test('it has no validUntil if none is given', {
  meta: { holds: ['IDP-077'], source: 'SAML Metadata 2.3.2' },
}, async () => {
  expect(attributes(await parsed({ validUntil: undefined }))).not.toHaveProperty('validUntil');
});

test('certificates are in the given order, for signing, without line breaks', {
  meta: { holds: ['IDP-075'], source: 'SAML Metadata 2.4.1.1' },
}, async () => {
  const root = await parsed();
  expect(all(root, 'md:KeyDescriptor').map(attributes)).toEqual([{ use: 'signing' }, { use: 'signing' }]);
  expect(all(root, 'ds:X509Certificate').map(({ textContent }) => textContent)).toEqual([
    rsa.signer.certificate,
    ec.signer.certificate,
  ]);
});

test('WantAuthnRequestsSigned and NameIDFormats are as given', {
  meta: { holds: ['IDP-076'], source: 'SAML Metadata 2.4.2, 2.4.3' },
}, async () => {
  const nameIdFormats = [NAME_ID_FORMATS.persistent, NAME_ID_FORMATS.emailAddress];
  const root = await parsed({ wantAuthnRequestsSigned: true, nameIdFormats });
  expect(attributes(only(root, 'md:IDPSSODescriptor')).WantAuthnRequestsSigned).toBe('true');
  expect(all(root, 'md:NameIDFormat').map(({ textContent }) => textContent)).toEqual(nameIdFormats);
});

test('any name is read back unchanged', {
  meta: { holds: ['IDP-050'], source: 'XML 1.0, 2.4' },
}, async () => {
  for (const name of HOSTILE) {
    const root = await parsed({ organizationName: name, organizationUrl: `https://x.example/?${name}` });
    expect(only(root, 'md:OrganizationName').textContent).toBe(name);
    expect(only(root, 'md:OrganizationDisplayName').textContent).toBe(name);
    expect(only(root, 'md:OrganizationURL').textContent).toBe(`https://x.example/?${name}`);
  }
});

describe.each(['unsigned', 'signed'])('%s metadata', (kind) => {
  const signer = () => (kind === 'signed' ? rsa.signer : undefined);

  test('and its tag stay the same, byte for byte, while nothing changes', {
    meta: { holds: ['IDP-078'], source: 'project rule' },
  }, async () => {
    const documents = [await written({}, signer()), await written({}, signer())];
    expect(documents[0]).toBe(documents[1]);
    expect(entityTag(documents[0] ?? '')).toBe(entityTag(documents[1] ?? ''));
  });

  test('changes with any part of its content, as do its tag and ID', {
    meta: { holds: ['IDP-078'], source: 'RFC 9110, 8.8.3' },
  }, async () => {
    const one = await written({}, signer());
    for (const change of [
      { certificates: [ec.signer.certificate] },
      { entityId: `${ISSUER}x` },
      { ssoUrl: `${SSO}x` },
      { wantAuthnRequestsSigned: true },
      { validUntil: VALID_UNTIL + 1000 },
    ]) {
      const other = await written(change, signer());
      expect(entityTag(other)).not.toBe(entityTag(one));
      if (kind === 'signed') expect(parseDom(other).getAttribute('ID')).not.toBe(parseDom(one).getAttribute('ID'));
    }
  });

  test('is its own exclusive canonical form, after the declaration (Exclusive C14N 1.0, 3)', async () => {
    const document = await written({ organizationName: HOSTILE.join('') }, signer());
    const [, element] = /^<\?xml version="1\.0" encoding="UTF-8"\?>\n(.*)\n$/s.exec(document) ?? [];
    expect(exclusiveCanonicalForm(parseDom(document))).toBe(element);
  });
});

test('a signature comes first in the document, and refers to an NCName ID (SAML Metadata 2.3.2, 3.1)', async () => {
  const root = await parsed({}, rsa.signer);
  expect(root.getAttribute('ID')).toMatch(/^_[0-9a-f]{40}$/);
  expect(children(root)[0]?.nodeName).toBe('ds:Signature');
  expect(attributes(only(root, 'ds:Reference'))).toEqual({ URI: `#${root.getAttribute('ID')}` });
});

test('an entity tag is a quoted string of safe characters', {
  meta: { holds: ['IDP-078'], source: 'RFC 9110, 8.8.3' },
}, () => {
  expect(entityTag('x')).toMatch(/^"[\w-]{27}"$/);
  expect(entityTag('x')).not.toBe(entityTag('y'));
});
