import { describe, expect, test } from 'vitest';
import { InputError } from '../../../../src/platform/errors/idp-error.ts';
import { readSpMetadata } from '../../../../src/protocols/saml/sp-metadata/sp-metadata.ts';
import { ARTIFACT, acs, entity, group, key, metadata, POST, PROTOCOL, sp, useCertificates } from './sp-documents.ts';

const NOW = Date.UTC(2026, 2, 1, 8, 30);

const made = useCertificates();

/** The same certificate with an unknown key type: the last byte of its elliptic curve OID is changed. */
function withUnknownKey(certificate: string): string {
  const der = Buffer.from(certificate, 'base64');
  const oid = Buffer.from('06072a8648ce3d0201', 'hex');
  der.writeUInt8(0x7f, der.indexOf(oid) + oid.length - 1);
  return der.toString('base64');
}

describe('errors in SP metadata are explained', () => {
  test.each<[string, () => string, string]>([
    ['nothing', () => '', 'it is not acceptable XML: document must contain a root element'],
    ['a web page', () => '<!DOCTYPE html><html></html>', 'it is a web page (HTML), not metadata'],
    ['a gzip file', () => '\u001f\ufffd\b\0', 'it is a compressed file (gzip or ZIP)'],
    ['a ZIP file', () => 'PK\u0003\u0004\u0014', 'it is a compressed file (gzip or ZIP)'],
    ['truncated XML', () => metadata().slice(0, -3), 'it is not acceptable XML: '],
    [
      'an entity',
      () => `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${metadata()}`,
      'a document type declaration',
    ],
    [
      'something else',
      () => '<x:Body xmlns:x="urn:x"/>',
      'its root element is Body; it must be EntityDescriptor in the namespace urn:oasis:names:tc:SAML:2.0:metadata',
    ],
    [
      'SAML 1.1 metadata',
      () => metadata().replace('SAML:2.0:metadata', 'SAML:1.1:metadata'),
      'its EntityDescriptor is in the namespace "urn:oasis:names:tc:SAML:1.1:metadata". It must be in urn:oasis:names:tc:SAML:2.0:metadata.',
    ],
    [
      'metadata without a namespace',
      () => '<EntityDescriptor entityID="https://sp.example/sp"/>',
      'its EntityDescriptor is in no namespace: xmlns is missing. It must be in urn:oasis:names:tc:SAML:2.0:metadata.',
    ],
    [
      'a key in a namespace that looks right',
      () =>
        metadata(key(made.first, 'signing') + acs()).replaceAll(
          'http://www.w3.org/2000/09',
          'https://www.w3.org/2000/09',
        ),
      'its KeyInfo is in the namespace "https://www.w3.org/2000/09/xmldsig#", and must be in "http://www.w3.org/2000/09/xmldsig#"',
    ],
    [
      'an aggregate',
      () => group(metadata().repeat(2_000)),
      'it describes many entities, as the aggregate of a federation does',
    ],
    [
      'a federation',
      () => group(metadata() + group(entity(sp(acs()), 'entityID="https://other.example"'))),
      'it describes 2 Service Providers ("https://sp.example/metadata", "https://other.example"); name the right one by its entity ID, or provide only its EntityDescriptor',
    ],
    ['a large federation', () => group(metadata().repeat(6)), 'metadata", ...); name the right one by its entity ID'],
    [
      'a group inside a foreign one',
      () => group(`<x:EntitiesDescriptor xmlns:x="urn:x">${metadata()}</x:EntitiesDescriptor>`),
      'it has no EntityDescriptor',
    ],
    [
      'two roles for SAML 2.0',
      () => entity(sp(acs()) + sp(acs('https://sp.example/2'))),
      'its entity "https://sp.example/metadata" has 2 SPSSODescriptors for SAML 2.0; which one is meant is unclear',
    ],
    [
      'a key for something else',
      () => metadata(key(made.first, 'signature') + acs()),
      'a KeyDescriptor has the use "signature"; it must be signing, encryption or absent',
    ],
    [
      'half a character',
      () => entity(sp(acs()), 'entityID="https://sp.example/\ud800x"'),
      "it can't be read: character 20 can't be written in XML 1.0",
    ],
    [
      'a certificate with an unknown key type',
      () => metadata(key(withUnknownKey(made.first), 'signing') + acs()),
      "a certificate for signing can't be read as an X.509 certificate",
    ],
    ['an empty group', () => group(''), 'it has no EntityDescriptor'],
    [
      'a group of Identity Providers',
      () => group(entity(`<md:IDPSSODescriptor ${PROTOCOL}/>`)),
      'it describes an Identity Provider, not a Service Provider',
    ],
    [
      'a SAML 1.1 SP',
      () => metadata().replace('SAML:2.0:protocol', 'SAML:1.1:protocol'),
      'its SPSSODescriptor must support the protocol urn:oasis:names:tc:SAML:2.0:protocol',
    ],
    [
      'IdP metadata',
      () => entity(`<md:IDPSSODescriptor ${PROTOCOL}/>`),
      'it describes an Identity Provider, not a Service Provider. Ask Invoice Cloud for its SP metadata',
    ],
    ['no role', () => entity(''), 'it has no SPSSODescriptor'],
    ['no entityID', () => entity(sp(acs()), ''), 'it has no entityID'],
    [
      'an empty entityID',
      () => entity(sp(acs()), 'entityID=" "'),
      'its entityID is empty or longer than 1,024 characters',
    ],
    [
      'an overlong entityID',
      () => entity(sp(acs()), `entityID="${'x'.repeat(1025)}"`),
      'its entityID is empty or longer than 1,024 characters',
    ],
    ['no ACS', () => metadata(''), `it has no AssertionConsumerService for the HTTP-POST binding (${POST})`],
    [
      'no ACS for POST',
      () => metadata(acs('https://sp.example/a', 'index="0"', ARTIFACT)),
      'it has no AssertionConsumerService for the HTTP-POST',
    ],
    [
      'no Location',
      () => metadata(`<md:AssertionConsumerService Binding="${POST}" index="0"/>`),
      'the AssertionConsumerService "" must be an https URL (http for localhost only): it does not begin with https://',
    ],
    [
      'no index',
      () => metadata(acs('https://sp.example/acs', '')),
      'the AssertionConsumerService "https://sp.example/acs" has no index; SAML requires one, from 0 to 65535',
    ],
    ['a negative index', () => metadata(acs('https://sp.example/acs', 'index="-1"')), 'has the index "-1"; it must be'],
    ['an index that is too large', () => metadata(acs('https://sp.example/acs', 'index="65536"')), 'from 0 to 65535'],
    [
      'a duplicate index, written in two ways',
      () => metadata(acs() + acs('https://sp.example/2', 'index="+00"')),
      'two AssertionConsumerServices have the same index',
    ],
    [
      'a duplicate index',
      () => metadata(acs() + acs('https://sp.example/2')),
      'two AssertionConsumerServices have the same index',
    ],
    [
      'an invalid certificate',
      () => metadata(key('AAAA', 'signing') + acs()),
      "a certificate for signing can't be read as an X.509 certificate",
    ],
    [
      'an overlong chain',
      () => metadata(key(Array(21).fill(made.first).join('</ds:X509Certificate><ds:X509Certificate>')) + acs()),
      'one of its keys comes with more than 20 certificates',
    ],
    [
      'a key without a certificate',
      () =>
        metadata(key('', 'signing').replace(/<ds:X509Data>.*<\/ds:X509Data>/, '<ds:KeyName>k</ds:KeyName>') + acs()),
      'its key for signing has no certificate; its KeyInfo must contain an X509Certificate',
    ],
    [
      'an invalid encryption certificate',
      () => metadata(key('', 'encryption') + acs()),
      'a certificate for encryption is empty',
    ],
  ])('%s', (_what, xml, message) => {
    expect(() => readSpMetadata(xml(), NOW)).toThrow(InputError);
    expect(() => readSpMetadata(xml(), NOW)).toThrow(/^The SP metadata can't be used: /);
    expect(() => readSpMetadata(xml(), NOW)).toThrow(message);
  });

  test('expiry of the entity, its role or its group, to the millisecond (SAML Metadata 2.3.2, 2.4.1)', () => {
    const until = (instant: string) => `validUntil="${instant}"`;
    const ofEntity = (instant: string) => entity(sp(acs()), `entityID="https://sp.example" ${until(instant)}`);
    const ofRole = (instant: string) => metadata(acs(), until(instant));
    const ofGroup = (instant: string) => group(group(metadata()), until(instant));
    for (const by of [ofEntity, ofRole, ofGroup]) {
      for (const instant of ['2020-01-01T00:00:00Z', '2026-03-01T08:30:00Z', '2026-03-01T08:30:00.000Z']) {
        expect(() => readSpMetadata(by(instant), NOW)).toThrow(InputError);
        expect(() => readSpMetadata(by(instant), NOW)).toThrow(
          `it expired at ${instant}. Ask the Service Provider for its current metadata.`,
        );
      }
      for (const instant of ['2026-03-01T08:30:01Z', ' 2099-01-01T00:00:00.5Z ']) {
        expect(readSpMetadata(by(instant), NOW).acs).toHaveLength(1);
      }
      expect(() => readSpMetadata(by('tomorrow'), NOW)).toThrow('its validUntil "tomorrow" is not a UTC time such as');
    }
  });

  test.each([
    'http://sp.example/acs',
    'http://localhost.evil.example/acs',
    'http://127.0.0.1.evil.example/acs',
    'javascript:alert(1)',
    'JavaScript:alert(1)//https://sp.example',
    'data:text/html,x',
    'file:///etc/passwd',
    'ftp://sp.example/acs',
    'https://user:password@sp.example/acs',
    'https://user@sp.example/acs',
    'https://sp.example/acs#fragment',
    'https://sp.example/a c',
    'https:/sp.example/acs',
    'https://127.1/acs',
    'https://sp.example/a\u00a0c',
    '//sp.example/acs',
    '/acs',
    'sp.example/acs',
    'https://',
    '',
  ])('the ACS "%s"', { meta: { holds: ['IDP-023'], source: 'project rule' } }, (url) => {
    const message = `he AssertionConsumerService "${url}" must be an https URL (http for localhost only): `;
    expect(() => readSpMetadata(metadata(acs(url)), NOW)).toThrow(message);
    const notes: string[] = [];
    const note = (sentence: string) => notes.push(sentence);
    const both = metadata(acs('https://sp.example/1', 'index="1"') + acs(url));
    expect(readSpMetadata(both, NOW, { note }).acs).toEqual([
      { url: 'https://sp.example/1', index: 1, isDefault: true },
    ]);
    expect(notes).toEqual([expect.stringContaining(`Left out: t${message}`)]);
  });
});
