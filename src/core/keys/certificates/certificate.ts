import { randomBytes } from 'node:crypto';
import forge from 'node-forge';
import type { KeyPair } from '../key-types.ts';
import {
  algorithmIdentifier,
  publicKeyInfo,
  type RemoteKeyPair,
  signatureOid,
  signStructure,
  standInKey,
  subjectKeyIdentifier,
  subjectOf,
} from './der.ts';

// Part of node-forge's documented interface, but missing from its type package.
const { getTBSCertificate } = forge.pki as unknown as {
  getTBSCertificate(certificate: forge.pki.Certificate): forge.asn1.Asn1;
};

const OID_SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
const YEARS_VALID = 3;
/** Other machines' clocks may be behind ours. */
const BACKDATED_MS = 10 * 60_000;

interface CertificateContent {
  /** Who the certificate belongs to; becomes CN and O. */
  readonly billerName: string;
  readonly entityId: string;
  readonly keyPair: KeyPair | RemoteKeyPair;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Positive and random (RFC 5280, 4.1.2.2): 127 bits, with the first byte's highest bit clear and another one set. */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function describe({ billerName, entityId, now }: CertificateContent, spki: forge.asn1.Asn1, oid: string) {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = standInKey();
  certificate.serialNumber = randomSerial();
  certificate.validity.notBefore = new Date(now - BACKDATED_MS);
  certificate.validity.notAfter = new Date(now);
  certificate.validity.notAfter.setUTCFullYear(certificate.validity.notAfter.getUTCFullYear() + YEARS_VALID);
  const subject = subjectOf(billerName);
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
 * Makes a self-signed X.509 certificate (RFC 5280) with SHA-256. node-forge builds the structure. node:crypto signs it
 * on the thread pool, because forge's own signing blocks the event loop and does not support elliptic curves; for a key
 * in the HSM, the HSM signs it.
 *
 * @returns DER in base64
 */
export async function selfSignedCertificate(content: CertificateContent): Promise<string> {
  const { publicKey } = content.keyPair;
  const oid = signatureOid(publicKey);
  const spki = publicKeyInfo(publicKey);
  const tbs = getTBSCertificate(describe(content, spki, oid));
  // RFC 5280, 4.1: version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, extensions.
  const fields = tbs.value as forge.asn1.Asn1[];
  fields[2] = algorithmIdentifier(oid);
  fields[6] = spki;
  return (await signStructure(tbs, content.keyPair)).toString('base64');
}
