import { describe, expect, test } from 'vitest';
import { readSpMetadata } from '../../../../src/protocols/saml/sp-metadata/sp-metadata.ts';
import { ARTIFACT, acs, entity, group, key, metadata, POST, PROTOCOL, sp, useCertificates } from './sp-documents.ts';

const NOW = Date.UTC(2026, 2, 1, 8, 30);

const made = useCertificates();

describe('SP metadata', () => {
  test('needs only the required parts (SAML Metadata 2.4.4)', () => {
    expect(readSpMetadata(metadata(), NOW)).toEqual({
      entityId: 'https://sp.example/metadata',
      acs: [{ url: 'https://sp.example/acs', index: 0, isDefault: true }],
      signingCertificates: [],
      encryptionCertificates: [],
      wantEncryption: false,
      encryptionMethods: [],
      authnRequestsSigned: false,
      wantAssertionsSigned: false,
      nameIdFormats: [],
    });
  });

  test('is read in full: flags, NameIDFormats, certificates by use, encryption methods (SAML Metadata 2.4.1.1, 2.4.2, 2.4.4)', () => {
    const method = '<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/>';
    const inside =
      key(made.first, 'signing') +
      key(made.second, 'encryption', method) +
      '<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>' +
      '<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>' +
      acs();
    expect(readSpMetadata(metadata(inside, 'AuthnRequestsSigned="true" WantAssertionsSigned="1"'), NOW)).toMatchObject({
      signingCertificates: [made.first],
      encryptionCertificates: [made.second],
      wantEncryption: true,
      encryptionMethods: ['http://www.w3.org/2009/xmlenc11#aes128-gcm'],
      authnRequestsSigned: true,
      wantAssertionsSigned: true,
      nameIdFormats: [
        'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
        'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
      ],
    });
  });

  test('the only Service Provider of a group is found at any depth (SAML Metadata 2.3.1)', () => {
    const idp = entity(`<md:IDPSSODescriptor ${PROTOCOL}/>`, 'entityID="https://idp.example"');
    const inside = key(made.first, 'signing') + acs('https://sp.example/acs?a=1&amp;b=2');
    const alone = metadata(inside, 'AuthnRequestsSigned="true"');
    const read = readSpMetadata(alone, NOW);
    expect(read).toMatchObject({ entityId: 'https://sp.example/metadata', authnRequestsSigned: true });
    expect(read.acs[0]?.url).toBe('https://sp.example/acs?a=1&b=2');
    expect(readSpMetadata(group(alone), NOW)).toEqual(read);
    expect(readSpMetadata(group(`${idp}${group(alone)}`), NOW)).toEqual(read);
  });

  test('only the SAML 2.0 role is read, not the entity’s roles for other protocols (SAML Metadata 2.4.1)', () => {
    const older = sp(acs('https://sp.example/old', 'index="0" isDefault="true"') + key(made.second))
      .replace('SAML:2.0:protocol', 'SAML:1.1:protocol')
      .replace('<md:SPSSODescriptor', '<md:SPSSODescriptor AuthnRequestsSigned="true"');
    const both = sp(acs()).replace(PROTOCOL, PROTOCOL.replace('="', '="urn:oasis:names:tc:SAML:1.1:protocol '));
    expect(readSpMetadata(entity(older + both), NOW)).toEqual(readSpMetadata(metadata(), NOW));
    expect(readSpMetadata(entity(both + older), NOW)).toEqual(readSpMetadata(metadata(), NOW));
  });

  test('elements in other namespaces are ignored, whatever their names (SAML Metadata 2.2)', () => {
    const foreign = (xml: string) => xml.replaceAll('md:', 'x:').replace(/^<x:\w+/, '$& xmlns:x="urn:x"');
    const evil = foreign(acs('https://evil.example/acs', 'index="0" isDefault="true"'));
    const format = '<md:NameIDFormat>urn:a&amp;b&lt;c</md:NameIDFormat>';
    const inside = `${evil}${foreign(format)}${format}${acs('https://sp.example/acs', 'index="1"')}`;
    const extensions = `<md:Extensions>${acs('https://evil.example/acs')}</md:Extensions>`;
    expect(readSpMetadata(metadata(extensions + inside), NOW)).toMatchObject({
      acs: [{ url: 'https://sp.example/acs', index: 1, isDefault: true }],
      nameIdFormats: ['urn:a&b<c'],
    });
    const settings = '<x:DigestMethod xmlns:x="urn:x" Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>';
    const method = `<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#rsa-oaep">${settings}</md:EncryptionMethod>`;
    expect(readSpMetadata(metadata(key(made.second, 'encryption', method) + acs()), NOW)).not.toHaveProperty(
      'oaepSettings',
    );
  });

  test('a role that lists no protocols is assumed to speak SAML 2.0', () => {
    expect(readSpMetadata(metadata().replace(PROTOCOL, ''), NOW).acs).toHaveLength(1);
  });

  test('white space around values is ignored (XML Schema 2, 4.3.6)', () => {
    const inside =
      acs('https://sp.example/1', 'index="0"') +
      acs(' https://sp.example/2 ', 'index=" 000001 " isDefault=" true "', ` ${POST} `);
    const format = '<md:NameIDFormat>\n urn:oasis:names:tc:SAML:2.0:nameid-format:transient\n</md:NameIDFormat>';
    const xml = entity(sp(format + inside, 'AuthnRequestsSigned=" 1 "'), 'entityID=" https://sp.example/metadata\n"');
    expect(readSpMetadata(xml, NOW)).toMatchObject({
      entityId: 'https://sp.example/metadata',
      acs: [
        { url: 'https://sp.example/1', index: 0, isDefault: false },
        { url: 'https://sp.example/2', index: 1, isDefault: true },
      ],
      authnRequestsSigned: true,
      nameIdFormats: ['urn:oasis:names:tc:SAML:2.0:nameid-format:transient'],
    });
    expect(readSpMetadata(metadata(`<md:NameIDFormat/>${acs()}`), NOW).nameIdFormats).toEqual([]);
    const nested = '<md:NameIDFormat>urn:a<x>b</x></md:NameIDFormat>'.repeat(2);
    expect(readSpMetadata(metadata(nested + acs()), NOW).nameIdFormats).toEqual(['urn:a', 'urn:a']);
    // A space that is not XML white space is part of the value.
    const odd = entity(sp(acs()), 'entityID="https://sp.example/\u00a0"');
    expect(readSpMetadata(odd, NOW).entityId).toBe('https://sp.example/\u00a0');
  });

  test('may have comments, a declaration, a byte order mark and a default namespace', () => {
    const xml = metadata(acs('https://sp.example/acs?a=1&amp;b=2')).replaceAll('md:', '').replace('xmlns:md', 'xmlns');
    const dressed = `\uFEFF<?xml version="1.0" encoding="UTF-8"?>\n<!-- ours -->${xml.replace('<SPSSO', '<!-- x --><SPSSO')}`;
    expect(readSpMetadata(dressed, NOW).acs).toEqual([
      { url: 'https://sp.example/acs?a=1&b=2', index: 0, isDefault: true },
    ]);
  });

  test('Assertion Consumer Services with other bindings are left out', () => {
    const inside =
      acs('https://sp.example/artifact', 'index="0" isDefault="true"', ARTIFACT) +
      acs('https://sp.example/post', 'index="1"');
    expect(readSpMetadata(metadata(inside), NOW).acs).toEqual([
      { url: 'https://sp.example/post', index: 1, isDefault: true },
    ]);
  });

  test.each([
    ['the first one marked true', ['', 'isDefault="true"', 'isDefault="true"'], 1],
    ['else the first one not marked false', ['isDefault="false"', '', ''], 1],
    ['else the first', ['isDefault="false"', 'isDefault="0"', 'isDefault="false"'], 0],
    ['and 1 is true too', ['', '', 'isDefault="1"'], 2],
  ])(
    'the default Assertion Consumer Service is %s',
    { meta: { holds: ['IDP-004'], source: 'SAML Metadata 2.2.3' } },
    (_which, flags, position) => {
      const inside = flags
        .map((flag, index) => acs(`https://sp.example/${index}`, `index="${index * 7}" ${flag}`))
        .join('');
      expect(readSpMetadata(metadata(inside), NOW).acs.map(({ isDefault }) => isDefault)).toEqual(
        [0, 1, 2].map((index) => index === position),
      );
    },
  );

  test.each([
    'http://localhost:4000/acs',
    'http://127.0.0.1/acs',
    'http://[::1]:80/acs',
    'https://sp.example:8443/acs',
  ])('%s may be an ACS', { meta: { holds: ['IDP-023'], source: 'project rule' } }, (url) => {
    expect(readSpMetadata(metadata(acs(url)), NOW).acs[0]?.url).toBe(url);
  });
});
