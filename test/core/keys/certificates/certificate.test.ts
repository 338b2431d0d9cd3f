import { createHash, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { selfSignedCertificate } from '../../../../src/core/keys/certificates/certificate.ts';
import { type KeyPair, makeKeyPair } from '../../../../src/core/keys/key-types.ts';
import { toPem } from '../../../support/saml/saml.ts';
import { runTool, withFiles } from '../../../support/saml/xml-tools.ts';

const ENTITY_ID = 'https://sso.example.com/saml/riverton-water/metadata';
const NOW = Date.UTC(2026, 2, 1, 8, 30, 15, 678);
const KEY_TYPES = ['RSA-2048', 'EC-P256'] as const;
let keyPairs: Record<(typeof KEY_TYPES)[number], KeyPair>;
beforeAll(async () => {
  keyPairs = { 'RSA-2048': await makeKeyPair('RSA-2048'), 'EC-P256': await makeKeyPair('EC-P256') };
});

const make = (keyPair: KeyPair, billerName = 'Riverton Water', now = NOW) =>
  selfSignedCertificate({ billerName, entityId: ENTITY_ID, keyPair, now });
const parse = (certificate: string) => new X509Certificate(Buffer.from(certificate, 'base64'));

/** What OpenSSL, which shares no code with node-forge, says. */
function openssl(certificate: string, command: string, ...options: string[]): string {
  const { status, stdout, stderr } = withFiles({ 'certificate.pem': toPem(certificate) }, (path) =>
    runTool('openssl', [command, ...options, path('certificate.pem')]),
  );
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe.each(KEY_TYPES)('a certificate for a key of type %s', (type) => {
  let certificate: string;
  beforeAll(async () => {
    certificate = await make(keyPairs[type]);
  });

  test('contains this key and is signed by it', { meta: { holds: ['IDP-057'], source: 'RFC 5280, 4.1' } }, () => {
    const { publicKey, privateKey } = keyPairs[type];
    const parsed = parse(certificate);
    expect(parsed.publicKey.equals(publicKey)).toBe(true);
    expect(parsed.checkPrivateKey(privateKey)).toBe(true);
    expect(parsed.verify(publicKey)).toBe(true);
    expect(parsed.issuer).toBe(parsed.subject);
    // Base64 of the DER and nothing else: KeyInfo and metadata use it unchanged.
    expect(parsed.raw.toString('base64')).toBe(certificate);
  });

  test('is valid to OpenSSL as its own root', { meta: { holds: ['IDP-057'], source: 'RFC 5280, 6.1' } }, () => {
    const verified = withFiles({ 'certificate.pem': toPem(certificate) }, (path) =>
      runTool('openssl', [
        'verify',
        '-x509_strict',
        '-attime',
        String(Math.floor(NOW / 1000)),
        ...['-CAfile', path('certificate.pem')],
        path('certificate.pem'),
      ]),
    );
    expect(verified).toMatchObject({ status: 0, stdout: expect.stringMatching(/: OK$/m) });
  });

  test('is version 3 and names SHA-256 in both places', {
    meta: { holds: ['IDP-056'], source: 'RFC 5280, 4.1.1.2' },
  }, () => {
    const text = openssl(certificate, 'x509', '-noout', '-text', '-in');
    const algorithm = type === 'EC-P256' ? 'ecdsa-with-SHA256' : 'sha256WithRSAEncryption';
    expect(text).toContain('Version: 3 (0x2)');
    expect([...text.matchAll(/Signature Algorithm: (\S+)/g)].map(([, found]) => found)).toEqual([algorithm, algorithm]);
  });

  test('has NULL parameters with RSA and none with ECDSA', {
    meta: { holds: ['IDP-056'], source: 'RFC 4055, 5; RFC 5758, 3.2' },
  }, () => {
    const lines = openssl(certificate, 'asn1parse', '-in').split('\n');
    const after = lines.flatMap((line, index) =>
      /:(sha256WithRSAEncryption|ecdsa-with-SHA256)$/.test(line) ? [/ NULL/.test(lines[index + 1] ?? '')] : [],
    );
    expect(after).toEqual(type === 'EC-P256' ? [false, false] : [true, true]);
  });

  test('is for signatures only, and names its Entity ID (RFC 5280, 4.2.1)', () => {
    const text = openssl(certificate, 'x509', '-noout', '-text', '-in');
    const extensions = Object.fromEntries(
      [...text.matchAll(/X509v3 ((?!ext)[\w ]+): ?(critical)?\s*\n\s+(.*)\n/g)].map(([, name, critical, value]) => [
        name,
        `${critical ? 'critical ' : ''}${value}`,
      ]),
    );
    const spki = keyPairs[type].publicKey.export({ type: 'spki', format: 'der' });
    // The structure ends with the bits of the key: 65 bytes of a point, or 270 bytes of an RSA key.
    const bits = spki.subarray(type === 'EC-P256' ? -65 : -270);
    const keyIdentifier = createHash('sha1')
      .update(bits)
      .digest('hex')
      .toUpperCase()
      .replace(/..(?=.)/g, '$&:');
    expect(extensions).toEqual({
      'Basic Constraints': 'critical CA:FALSE',
      'Key Usage': 'critical Digital Signature',
      'Subject Key Identifier': keyIdentifier,
      'Subject Alternative Name': `URI:${ENTITY_ID}`,
    });
    expect(parse(certificate).ca).toBe(false);
  });

  test('is valid from ten minutes ago for three years', () => {
    const parsed = parse(certificate);
    expect(parsed.validFromDate).toEqual(new Date('2026-03-01T08:20:15Z'));
    expect(parsed.validToDate).toEqual(new Date('2029-03-01T08:30:15Z'));
  });
});

test.each([
  ['2028-02-29T12:00:00Z', '2031-03-01T12:00:00Z'],
  // From 2050 on, times are encoded differently (RFC 5280, 4.1.2.5).
  ['2048-06-01T00:00:00Z', '2051-06-01T00:00:00Z'],
])('made at %s, it expires at %s', async (now, end) => {
  const parsed = parse(await make(keyPairs['EC-P256'], 'Riverton', Date.parse(now)));
  expect(parsed.validToDate).toEqual(new Date(end));
});

test('serial numbers are positive, 127 bits long, and random (RFC 5280, 4.1.2.2)', async () => {
  const made = await Promise.all(Array.from({ length: 50 }, () => make(keyPairs['EC-P256'])));
  const serials = made.map((certificate) => parse(certificate).serialNumber);
  expect(serials.filter((serial) => !/^[4-7][0-9A-F]{31}$/.test(serial))).toEqual([]);
  expect(new Set(serials).size).toBe(serials.length);
});

test.each([
  ['plain', 'Riverton Water', 'Riverton Water'],
  ['Unicode', 'Ville de Rivière-du-Loup “Eau” 水 😀', 'Ville de Rivière-du-Loup “Eau” 水 😀'],
  ['special in a distinguished name', 'A, B; C=D + "E" \\ #F <G>', 'A, B; C=D + "E" \\ #F <G>'],
  ['too long for X.520', '😀'.repeat(80), '😀'.repeat(64)],
])('a name that is %s is in the subject (RFC 5280, 4.1.2.6)', async (_what, billerName, expected) => {
  const parsed = parse(await make(keyPairs['EC-P256'], billerName));
  const { subject } = parsed.toLegacyObject();
  expect(subject).toEqual({ CN: expected, O: expected, OU: 'SAML signing' });
});
