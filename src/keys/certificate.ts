import { createHash, type KeyObject, randomBytes, sign as signBytes } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';
import type { KeyPair } from './key-types.ts';

const { asn1 } = forge;
// Parts of node-forge's documented interface that its type package forgot.
const { getTBSCertificate } = forge.pki as unknown as {
  getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1;
};
const fromDerWith = asn1.fromDer as unknown as (
  bytes: forge.util.ByteStringBuffer,
  options: { readonly decodeBitStrings: boolean },
) => forge.asn1.Asn1;
const signAsync = promisify<string, Uint8Array, KeyObject, Buffer>(signBytes);

const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const OID_SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
const YEARS_VALID = 3;
/** Clocks elsewhere may be behind ours. */
const BACKDATED_MS = 10 * 60_000;

interface CertificateRequest {
  /** Who the certificate speaks for; becomes CN and O. */
  readonly billerName: string;
  readonly entityId: string;
  readonly keyPair: KeyPair;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The bits of a BIT STRING stay as they are: those of an RSA key would otherwise be taken for a structure. */
const fromDer = (der: Buffer) =>
  fromDerWith(forge.util.createBuffer(der.toString('latin1')), { decodeBitStrings: false });
const toDer = (node: forge.asn1.Asn1) => Buffer.from(asn1.toDer(node).getBytes(), 'latin1');

/** Positive and random (RFC 5280, 4.1.2.2): 127 bits, the highest of the first byte clear and another set. */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function algorithmIdentifier(oid: string): forge.asn1.Asn1 {
  const parts = [asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OID, false, asn1.oidToDer(oid).getBytes())];
  // RFC 4055, 5 wants NULL as the parameters of RSA; RFC 5758, 3.2 wants none for ECDSA.
  if (oid === SHA256_WITH_RSA) parts.push(asn1.create(asn1.Class.UNIVERSAL, asn1.Type.NULL, false, ''));
  return asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, parts);
}

/** RFC 5280, 4.2.1.2 method 1: SHA-1 of the public key's bits names the key; nothing is secured by it. */
function subjectKeyIdentifier(spki: forge.asn1.Asn1): string {
  const bits = (spki.value[1] as forge.asn1.Asn1).value as string;
  const digest = createHash('sha1').update(Buffer.from(bits, 'latin1').subarray(1)).digest().toString('latin1');
  return asn1.toDer(asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OCTETSTRING, false, digest)).getBytes();
}

function describe({ billerName, entityId, now }: CertificateRequest, spki: forge.asn1.Asn1, oid: string) {
  const certificate = forge.pki.createCertificate();
  // forge knows RSA keys only, so it writes a stand-in here; the real key replaces it in the finished structure.
  certificate.publicKey = forge.pki.setRsaPublicKey(new forge.jsbn.BigInteger('3'), new forge.jsbn.BigInteger('3'));
  certificate.serialNumber = randomSerial();
  certificate.validity.notBefore = new Date(now - BACKDATED_MS);
  certificate.validity.notAfter = new Date(now);
  certificate.validity.notAfter.setUTCFullYear(certificate.validity.notAfter.getUTCFullYear() + YEARS_VALID);
  // X.520 bounds both names to 64 characters.
  const name = [...billerName].slice(0, 64).join('');
  const subject = [
    { name: 'commonName', value: name, valueTagClass: asn1.Type.UTF8 as unknown as forge.asn1.Class },
    { name: 'organizationName', value: name, valueTagClass: asn1.Type.UTF8 as unknown as forge.asn1.Class },
    { name: 'organizationalUnitName', value: 'SAML signing' },
  ];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, critical: true },
    { id: OID_SUBJECT_KEY_IDENTIFIER, value: subjectKeyIdentifier(spki) },
    { name: 'subjectAltName', altNames: [{ type: 6, value: entityId }] },
  ]);
  certificate.siginfo.algorithmOid = oid;
  return certificate;
}

/**
 * Makes a self-signed X.509 certificate (RFC 5280) with SHA-256. node-forge builds the structure; the signature is
 * made by node:crypto on the thread pool, because forge's own would hold the event loop and knows no elliptic curves.
 *
 * @returns DER in base64
 */
export async function selfSignedCertificate(request: CertificateRequest): Promise<string> {
  const { publicKey, privateKey } = request.keyPair;
  const oid = privateKey.asymmetricKeyType === 'ec' ? ECDSA_WITH_SHA256 : SHA256_WITH_RSA;
  const spki = fromDer(publicKey.export({ type: 'spki', format: 'der' }));
  const tbs = getTBSCertificate(describe(request, spki, oid));
  // RFC 5280, 4.1: version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, extensions.
  const fields = tbs.value as forge.asn1.Asn1[];
  fields[2] = algorithmIdentifier(oid);
  fields[6] = spki;
  const signature = await signAsync('sha256', toDer(tbs), privateKey);
  const certificate = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, [
    tbs,
    algorithmIdentifier(oid),
    asn1.create(asn1.Class.UNIVERSAL, asn1.Type.BITSTRING, false, `\0${signature.toString('latin1')}`),
  ]);
  return toDer(certificate).toString('base64');
}
