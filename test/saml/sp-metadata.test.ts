import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors/idp-error.ts';
import { readSpMetadata } from '../../src/saml/sp-metadata.ts';
import { makeSigningKey } from '../support/saml.ts';
import { runTool, withFiles } from '../support/xml-tools.ts';

const POST = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST';
const NOW = Date.UTC(2026, 2, 1, 8, 30);
const ARTIFACT = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact';

let first: string;
let second: string;
beforeAll(async () => {
  [first, second] = (await Promise.all(
    [0, 1].map(async () => (await makeSigningKey('EC-P256')).signer.certificate),
  )) as [string, string];
});

// Without key identifiers, an issuer is known by its name alone.
const EXTENSIONS = 'basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n';

/** A chain as OpenSSL makes it, one with the root's name and another key, and one with its key and another name. */
function makeChain() {
  return withFiles({ 'ca.cnf': EXTENSIONS }, (path) => {
    const openssl = (words: string) => {
      const { status, stderr } = runTool('openssl', words.split(' '));
      if (status !== 0) throw new Error(stderr);
    };
    const newKey = (file: string) => `-newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout ${path(`${file}.key`)}`;
    const make = (file: string, name: string, key: string, signedBy: string) => {
      openssl(`req -new ${key} -noenc -subj /CN=${name} -out ${path('request.csr')}`);
      const certificate = `-extfile ${path('ca.cnf')} -days 9 -out ${path(`${file}.pem`)}`;
      openssl(`x509 -req -in ${path('request.csr')} ${signedBy} ${certificate}`);
      return new X509Certificate(readFileSync(path(`${file}.pem`))).raw.toString('base64');
    };
    const self = (file: string) => `-signkey ${path(`${file}.key`)}`;
    const by = (file: string) => `-CA ${path(`${file}.pem`)} -CAkey ${path(`${file}.key`)} -CAcreateserial`;
    return {
      root: make('root', 'root', newKey('root'), self('root')),
      between: make('between', 'between', newKey('between'), by('root')),
      leaf: make('leaf', 'leaf', newKey('leaf'), by('between')),
      namesake: make('namesake', 'root', newKey('namesake'), self('namesake')),
      renamed: make('renamed', 'renamed', `-key ${path('root.key')}`, self('root')),
    };
  });
}

/** The same certificate with a key of a kind that there is not: its OID, of elliptic keys, is changed in its last byte. */
function withUnknownKey(certificate: string): string {
  const der = Buffer.from(certificate, 'base64');
  const oid = Buffer.from('06072a8648ce3d0201', 'hex');
  der.writeUInt8(0x7f, der.indexOf(oid) + oid.length - 1);
  return der.toString('base64');
}

const acs = (location = 'https://sp.example/acs', more = 'index="0"', binding = POST) =>
  `<md:AssertionConsumerService Binding="${binding}" Location="${location}" ${more}/>`;
const key = (certificate: string, use = '', inside = '') =>
  `<md:KeyDescriptor ${use && `use="${use}"`}><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>${inside}</md:KeyDescriptor>`;
const entity = (inside: string, attributes = 'entityID="https://sp.example/metadata"') =>
  `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ${attributes}>${inside}</md:EntityDescriptor>`;
const PROTOCOL = 'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"';
const sp = (inside: string, attributes = '') =>
  `<md:SPSSODescriptor ${PROTOCOL} ${attributes}>${inside}</md:SPSSODescriptor>`;
const group = (inside: string, attributes = '') =>
  `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ${attributes}>${inside}</md:EntitiesDescriptor>`;
const metadata = (inside = acs(), attributes = '') => entity(sp(inside, attributes));

describe('SP metadata', () => {
  test('with nothing but what must be there is enough (SAML Metadata 2.4.4)', () => {
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

  test('is read whole: flags, NameIDFormats, certificates by use, encryption methods (SAML Metadata 2.4.1.1, 2.4.2, 2.4.4)', () => {
    const method = '<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes128-gcm"/>';
    const inside =
      key(first, 'signing') +
      key(second, 'encryption', method) +
      '<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>' +
      '<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress</md:NameIDFormat>' +
      acs();
    expect(readSpMetadata(metadata(inside, 'AuthnRequestsSigned="true" WantAssertionsSigned="1"'), NOW)).toMatchObject({
      signingCertificates: [first],
      encryptionCertificates: [second],
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

  test('the settings of RSA-OAEP are read with it, where any are named (SAML Metadata 2.4.1.1)', () => {
    const OAEP = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p';
    const OAEP_11 = 'http://www.w3.org/2009/xmlenc11#rsa-oaep';
    const DIGEST = 'http://www.w3.org/2001/04/xmlenc#sha256';
    const MASK = 'http://www.w3.org/2009/xmlenc11#mgf1sha256';
    const method = (uri: string, inside = '') =>
      `<md:EncryptionMethod Algorithm="${uri}">${inside}</md:EncryptionMethod>`;
    const settings = `<ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="${DIGEST}"/><e:MGF xmlns:e="http://www.w3.org/2009/xmlenc11#" Algorithm=" ${MASK} "/>`;
    const read = (inside: string) => readSpMetadata(metadata(key(second, 'encryption', inside) + acs()), NOW);
    expect(read(method(OAEP) + method(OAEP_11, settings) + method(DIGEST, settings))).toMatchObject({
      encryptionMethods: [OAEP, OAEP_11, DIGEST],
      oaepSettings: [{ method: OAEP }, { method: OAEP_11, digest: DIGEST, mask: MASK }],
    });
    expect(read(method(OAEP) + method(OAEP_11))).not.toHaveProperty('oaepSettings');
  });

  test('a key without a use serves for both, but asks for no encryption (SAML Metadata 2.4.1.1)', () => {
    expect(readSpMetadata(metadata(key(first) + key(second) + key(first) + acs()), NOW)).toMatchObject({
      signingCertificates: [first, second],
      encryptionCertificates: [first, second],
      wantEncryption: false,
    });
  });

  test('the only Service Provider of a group is taken, however deep it stands (SAML Metadata 2.3.1)', () => {
    const idp = entity(`<md:IDPSSODescriptor ${PROTOCOL}/>`, 'entityID="https://idp.example"');
    const inside = key(first, 'signing') + acs('https://sp.example/acs?a=1&amp;b=2');
    const alone = metadata(inside, 'AuthnRequestsSigned="true"');
    const read = readSpMetadata(alone, NOW);
    expect(read).toMatchObject({ entityId: 'https://sp.example/metadata', authnRequestsSigned: true });
    expect(read.acs[0]?.url).toBe('https://sp.example/acs?a=1&b=2');
    expect(readSpMetadata(group(alone), NOW)).toEqual(read);
    expect(readSpMetadata(group(`${idp}${group(alone)}`), NOW)).toEqual(read);
  });

  test('beside roles of its own for other protocols, the one of SAML 2.0 is read and nothing of the others (SAML Metadata 2.4.1)', () => {
    const older = sp(acs('https://sp.example/old', 'index="0" isDefault="true"') + key(second))
      .replace('SAML:2.0:protocol', 'SAML:1.1:protocol')
      .replace('<md:SPSSODescriptor', '<md:SPSSODescriptor AuthnRequestsSigned="true"');
    const both = sp(acs()).replace(PROTOCOL, PROTOCOL.replace('="', '="urn:oasis:names:tc:SAML:1.1:protocol '));
    expect(readSpMetadata(entity(older + both), NOW)).toEqual(readSpMetadata(metadata(), NOW));
    expect(readSpMetadata(entity(both + older), NOW)).toEqual(readSpMetadata(metadata(), NOW));
  });

  test('of a chain, the certificate of the key itself is taken, wherever it stands (XML Signature 1.1, 4.5.4)', () => {
    const chain = makeChain();
    const { root, between, leaf } = chain;
    const all = (certificates: string[]) => certificates.join('</ds:X509Certificate><ds:X509Certificate>');
    for (const order of [
      [leaf],
      [leaf, between],
      [between, leaf],
      [root, leaf, between],
      [between, root, leaf],
      [leaf, leaf],
    ]) {
      const read = readSpMetadata(metadata(key(all(order)) + acs()), NOW);
      expect(read.signingCertificates).toEqual([leaf]);
      expect(read.encryptionCertificates).toEqual([leaf]);
    }
    // The name of an issuer makes none, and neither does its key.
    for (const stranger of [chain.namesake, chain.renamed]) {
      const read = readSpMetadata(metadata(key(all([stranger, between])) + acs()), NOW);
      expect(read.signingCertificates).toEqual([stranger, between]);
    }
    // Two that have nothing to do with each other are both taken, and so are those of two KeyDescriptors.
    expect(readSpMetadata(metadata(key(all([first, second])) + acs()), NOW).signingCertificates).toEqual([
      first,
      second,
    ]);
    expect(readSpMetadata(metadata(key(root) + key(leaf) + acs()), NOW).signingCertificates).toEqual([root, leaf]);
  });

  test('an element of another namespace is nobody’s, whatever its name (SAML Metadata 2.2)', () => {
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
    expect(readSpMetadata(metadata(key(second, 'encryption', method) + acs()), NOW)).not.toHaveProperty('oaepSettings');
  });

  test('a role that does not say which protocols it speaks is taken for SAML 2.0 (project rule)', () => {
    expect(readSpMetadata(metadata().replace(PROTOCOL, ''), NOW).acs).toHaveLength(1);
  });

  test('what is said of encryption is that of the key that is used: one meant for it, of a kind that is fit (SAML Metadata 2.4.1.1)', async () => {
    const { certificate: rsa } = (await makeSigningKey('RSA-2048')).signer;
    const { certificate: other } = (await makeSigningKey('RSA-2048')).signer;
    const method = (uri: string) => `<md:EncryptionMethod Algorithm="${uri}"/>`;
    const read = (...keys: string[]) => readSpMetadata(metadata(keys.join('') + acs()), NOW);
    expect(read(key(first, 'encryption', method('urn:ec')), key(rsa, 'encryption', method('urn:rsa')))).toMatchObject({
      encryptionCertificates: [first, rsa],
      encryptionMethods: ['urn:rsa'],
    });
    expect(read(key(other, '', method('urn:any')), key(rsa, 'encryption', method('urn:rsa')))).toMatchObject({
      encryptionCertificates: [rsa, other],
      encryptionMethods: ['urn:rsa'],
    });
    // A key for any use that has only a name is no obstacle to a certificate for signing.
    const named = key('').replace(/<ds:X509Data>.*<\/ds:X509Data>/, '<ds:KeyName>k</ds:KeyName>');
    expect(read(named, key(first, 'signing'))).toMatchObject({
      signingCertificates: [first],
      encryptionCertificates: [],
      wantEncryption: false,
    });
  });

  test('white space around values says nothing (XML Schema 2, 4.3.6)', () => {
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
    // A blank that is none of XML's is a part of the value.
    const odd = entity(sp(acs()), 'entityID="https://sp.example/\u00a0"');
    expect(readSpMetadata(odd, NOW).entityId).toBe('https://sp.example/\u00a0');
  });

  test('certificates may be broken into lines', () => {
    const lines = `\n      ${first.replace(/.{64}/g, '$&\r\n      ')}\n`;
    expect(readSpMetadata(metadata(key(lines, 'signing') + acs()), NOW).signingCertificates).toEqual([first]);
  });

  test('with comments, a declaration, a byte order mark and a default namespace is read too', () => {
    const xml = metadata(acs('https://sp.example/acs?a=1&amp;b=2')).replaceAll('md:', '').replace('xmlns:md', 'xmlns');
    const dressed = `\uFEFF<?xml version="1.0" encoding="UTF-8"?>\n<!-- ours -->${xml.replace('<SPSSO', '<!-- x --><SPSSO')}`;
    expect(readSpMetadata(dressed, NOW).acs).toEqual([
      { url: 'https://sp.example/acs?a=1&b=2', index: 0, isDefault: true },
    ]);
  });

  test('Assertion Consumer Services of other bindings are left out', () => {
    const inside =
      acs('https://sp.example/artifact', 'index="0" isDefault="true"', ARTIFACT) +
      acs('https://sp.example/post', 'index="1"');
    expect(readSpMetadata(metadata(inside), NOW).acs).toEqual([
      { url: 'https://sp.example/post', index: 1, isDefault: true },
    ]);
  });

  test.each([
    ['the first that is marked', ['', 'isDefault="true"', 'isDefault="true"'], 1],
    ['else the first that is not marked false', ['isDefault="false"', '', ''], 1],
    ['else the first', ['isDefault="false"', 'isDefault="0"', 'isDefault="false"'], 0],
    ['and 1 is true as well', ['', '', 'isDefault="1"'], 2],
  ])('4 the default Assertion Consumer Service is %s (SAML Metadata 2.2.3)', (_which, flags, position) => {
    const inside = flags
      .map((flag, index) => acs(`https://sp.example/${index}`, `index="${index * 7}" ${flag}`))
      .join('');
    expect(readSpMetadata(metadata(inside), NOW).acs.map(({ isDefault }) => isDefault)).toEqual(
      [0, 1, 2].map((index) => index === position),
    );
  });

  test.each([
    'http://localhost:4000/acs',
    'http://127.0.0.1/acs',
    'http://[::1]:80/acs',
    'https://sp.example:8443/acs',
  ])('23 %s may be an ACS (project rule)', (url) => {
    expect(readSpMetadata(metadata(acs(url)), NOW).acs[0]?.url).toBe(url);
  });
});

describe('what is wrong with SP metadata is told', () => {
  test.each<[string, () => string, string]>([
    ['nothing', () => '', 'it is not acceptable XML: document must contain a root element'],
    [
      'a web page',
      () => '<!DOCTYPE html><html></html>',
      'it is not acceptable XML: the document contains a document type declaration',
    ],
    ['XML that is cut off', () => metadata().slice(0, -3), 'it is not acceptable XML: '],
    [
      'an entity',
      () => `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${metadata()}`,
      'a document type declaration',
    ],
    [
      'something else',
      () => '<html/>',
      'its root element is html; expected is EntityDescriptor of urn:oasis:names:tc:SAML:2.0:metadata',
    ],
    [
      'SAML 1.1 metadata',
      () => metadata().replace('SAML:2.0:metadata', 'SAML:1.1:metadata'),
      'its root element is EntityDescriptor; expected',
    ],
    [
      'a federation',
      () => group(metadata() + group(entity(sp(acs()), 'entityID="https://other.example"'))),
      'it describes 2 Service Providers ("https://sp.example/metadata", "https://other.example"); give the EntityDescriptor of the one that is meant alone',
    ],
    ['a large federation', () => group(metadata().repeat(6)), 'metadata", ...); give the EntityDescriptor'],
    [
      'a group that stands in a foreign one',
      () => group(`<x:EntitiesDescriptor xmlns:x="urn:x">${metadata()}</x:EntitiesDescriptor>`),
      'it has no EntityDescriptor',
    ],
    [
      'two roles for SAML 2.0',
      () => entity(sp(acs()) + sp(acs('https://sp.example/2'))),
      'it describes 2 Service Providers ("https://sp.example/metadata", "https://sp.example/metadata")',
    ],
    [
      'a key for something else',
      () => metadata(key(first, 'signature') + acs()),
      'a KeyDescriptor has the use "signature"; expected is signing, encryption or none',
    ],
    [
      'half of a character',
      () => entity(sp(acs()), 'entityID="https://sp.example/\ud800x"'),
      "it can't be read: character 20 can't be written in XML 1.0",
    ],
    [
      'a certificate whose key nobody knows',
      () => metadata(key(withUnknownKey(first), 'signing') + acs()),
      "a certificate for signing can't be read as X.509",
    ],
    ['a group of nobody', () => group(''), 'it has no EntityDescriptor'],
    [
      'a group of Identity Providers',
      () => group(entity(`<md:IDPSSODescriptor ${PROTOCOL}/>`)),
      'it describes an Identity Provider, not a Service Provider',
    ],
    [
      'an SP of SAML 1.1',
      () => metadata().replace('SAML:2.0:protocol', 'SAML:1.1:protocol'),
      'its SPSSODescriptor speaks another protocol; expected is urn:oasis:names:tc:SAML:2.0:protocol',
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
      'an endless entityID',
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
      'the AssertionConsumerService "" is not acceptable: expected is an https URL',
    ],
    [
      'no index',
      () => metadata(acs('https://sp.example/acs', '')),
      'the AssertionConsumerService "https://sp.example/acs" has no index',
    ],
    ['a negative index', () => metadata(acs('https://sp.example/acs', 'index="-1"')), 'has no index'],
    ['an index that is too large', () => metadata(acs('https://sp.example/acs', 'index="65536"')), 'from 0 to 65535'],
    [
      'one index twice, written in two ways',
      () => metadata(acs() + acs('https://sp.example/2', 'index="+00"')),
      'two AssertionConsumerServices have the same index',
    ],
    [
      'one index twice',
      () => metadata(acs() + acs('https://sp.example/2')),
      'two AssertionConsumerServices have the same index',
    ],
    [
      'a certificate that is none',
      () => metadata(key('AAAA', 'signing') + acs()),
      "a certificate for signing can't be read as X.509",
    ],
    [
      'a chain without end',
      () => metadata(key(Array(21).fill(first).join('</ds:X509Certificate><ds:X509Certificate>')) + acs()),
      'one of its keys comes with more than 20 certificates',
    ],
    [
      'a key without a certificate',
      () =>
        metadata(key('', 'signing').replace(/<ds:X509Data>.*<\/ds:X509Data>/, '<ds:KeyName>k</ds:KeyName>') + acs()),
      'its key for signing comes without a certificate; expected is an X509Certificate in its KeyInfo',
    ],
    [
      'one for encryption that is none',
      () => metadata(key('', 'encryption') + acs()),
      "a certificate for encryption can't be read as X.509",
    ],
  ])('%s', (_what, xml, message) => {
    expect(() => readSpMetadata(xml(), NOW)).toThrow(InputError);
    expect(() => readSpMetadata(xml(), NOW)).toThrow(/^The SP metadata can't be used: /);
    expect(() => readSpMetadata(xml(), NOW)).toThrow(message);
  });

  test('that it is over, by the entity, its role or its group, at the very moment (SAML Metadata 2.3.2, 2.4.1)', () => {
    const until = (instant: string) => `validUntil="${instant}"`;
    const ofEntity = (instant: string) => entity(sp(acs()), `entityID="https://sp.example" ${until(instant)}`);
    const ofRole = (instant: string) => metadata(acs(), until(instant));
    const ofGroup = (instant: string) => group(group(metadata()), until(instant));
    for (const by of [ofEntity, ofRole, ofGroup]) {
      for (const instant of ['2020-01-01T00:00:00Z', '2026-03-01T08:30:00Z', '2026-03-01T08:30:00.000Z']) {
        expect(() => readSpMetadata(by(instant), NOW)).toThrow(InputError);
        expect(() => readSpMetadata(by(instant), NOW)).toThrow(
          `it was valid until ${instant} only. Ask the Service Provider for its current metadata.`,
        );
      }
      for (const instant of ['2026-03-01T08:30:01Z', ' 2099-01-01T00:00:00.5Z ']) {
        expect(readSpMetadata(by(instant), NOW).acs).toHaveLength(1);
      }
      expect(() => readSpMetadata(by('tomorrow'), NOW)).toThrow('its validUntil "tomorrow" is not a time in UTC');
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
    'https://sp.example/a\u00a0c',
    '//sp.example/acs',
    '/acs',
    'sp.example/acs',
    'https://',
    '',
  ])('23 the ACS "%s" (project rule)', (url) => {
    const message = `the AssertionConsumerService "${url}" is not acceptable: expected is an https URL without user, password or fragment (http only for this machine).`;
    expect(() => readSpMetadata(metadata(acs(url)), NOW)).toThrow(message);
    expect(() => readSpMetadata(metadata(acs('https://sp.example/1', 'index="1"') + acs(url)), NOW)).toThrow(message);
  });
});
