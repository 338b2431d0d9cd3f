import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readSpMetadata } from '../../../../src/protocols/saml/sp-metadata/sp-metadata.ts';
import { makeSigningKey } from '../../../support/saml/saml.ts';
import { runTool, withFiles } from '../../../support/saml/xml-tools.ts';
import { acs, key, metadata, useCertificates } from './sp-documents.ts';

const NOW = Date.UTC(2026, 2, 1, 8, 30);

const made = useCertificates();

// Without key identifiers, an issuer is known only by its name.
const EXTENSIONS = 'basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n';

/**
 * A chain as OpenSSL makes it, one with the root's name and another key, and one with the root's key and another name.
 */
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

describe('the keys in SP metadata', () => {
  test('the parameters of RSA-OAEP are read, if given (SAML Metadata 2.4.1.1)', () => {
    const OAEP = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p';
    const OAEP_11 = 'http://www.w3.org/2009/xmlenc11#rsa-oaep';
    const DIGEST = 'http://www.w3.org/2001/04/xmlenc#sha256';
    const MASK = 'http://www.w3.org/2009/xmlenc11#mgf1sha256';
    const method = (uri: string, inside = '') =>
      `<md:EncryptionMethod Algorithm="${uri}">${inside}</md:EncryptionMethod>`;
    const settings = `<ds:DigestMethod xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Algorithm="${DIGEST}"/><e:MGF xmlns:e="http://www.w3.org/2009/xmlenc11#" Algorithm=" ${MASK} "/>`;
    const read = (inside: string) => readSpMetadata(metadata(key(made.second, 'encryption', inside) + acs()), NOW);
    expect(read(method(OAEP) + method(OAEP_11, settings) + method(DIGEST, settings))).toMatchObject({
      encryptionMethods: [OAEP, OAEP_11, DIGEST],
      oaepSettings: [{ method: OAEP }, { method: OAEP_11, digest: DIGEST, mask: MASK }],
    });
    expect(read(method(OAEP) + method(OAEP_11))).not.toHaveProperty('oaepSettings');
  });

  test('a key without a use serves for both, but asks for no encryption (SAML Metadata 2.4.1.1)', () => {
    expect(readSpMetadata(metadata(key(made.first) + key(made.second) + key(made.first) + acs()), NOW)).toMatchObject({
      signingCertificates: [made.first, made.second],
      encryptionCertificates: [made.first, made.second],
      wantEncryption: false,
    });
  });

  test('the key’s own certificate is found anywhere in a chain (XML Signature 1.1, 4.5.4)', () => {
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
    // Sharing only the issuer's name or only its key does not make an issuer.
    for (const stranger of [chain.namesake, chain.renamed]) {
      const read = readSpMetadata(metadata(key(all([stranger, between])) + acs()), NOW);
      expect(read.signingCertificates).toEqual([stranger, between]);
    }
    // Two unrelated certificates are both kept, and so are those of two KeyDescriptors.
    expect(readSpMetadata(metadata(key(all([made.first, made.second])) + acs()), NOW).signingCertificates).toEqual([
      made.first,
      made.second,
    ]);
    expect(readSpMetadata(metadata(key(root) + key(leaf) + acs()), NOW).signingCertificates).toEqual([root, leaf]);
  });

  test('encryption methods come from the key that is used: one marked for encryption, of a suitable type (SAML Metadata 2.4.1.1)', async () => {
    const { certificate: rsa } = (await makeSigningKey('RSA-2048')).signer;
    const { certificate: other } = (await makeSigningKey('RSA-2048')).signer;
    const method = (uri: string) => `<md:EncryptionMethod Algorithm="${uri}"/>`;
    const read = (...keys: string[]) => readSpMetadata(metadata(keys.join('') + acs()), NOW);
    expect(
      read(key(made.first, 'encryption', method('urn:ec')), key(rsa, 'encryption', method('urn:rsa'))),
    ).toMatchObject({
      encryptionCertificates: [made.first, rsa],
      encryptionMethods: ['urn:rsa'],
    });
    expect(read(key(other, '', method('urn:any')), key(rsa, 'encryption', method('urn:rsa')))).toMatchObject({
      encryptionCertificates: [rsa, other],
      encryptionMethods: ['urn:rsa'],
    });
    // A KeyName-only key for any use does not get in the way of a signing certificate.
    const named = key('').replace(/<ds:X509Data>.*<\/ds:X509Data>/, '<ds:KeyName>k</ds:KeyName>');
    expect(read(named, key(made.first, 'signing'))).toMatchObject({
      signingCertificates: [made.first],
      encryptionCertificates: [],
      wantEncryption: false,
    });
  });

  test('certificates may contain line breaks', () => {
    const lines = `\n      ${made.first.replace(/.{64}/g, '$&\r\n      ')}\n`;
    expect(readSpMetadata(metadata(key(lines, 'signing') + acs()), NOW).signingCertificates).toEqual([made.first]);
  });
});
