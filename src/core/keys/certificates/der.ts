import { createHash, type KeyObject, sign as signBytes } from 'node:crypto';
import { promisify } from 'node:util';
import forge from 'node-forge';
import type { KeyPair } from '../key-types.ts';

/**
 * Shared by certificates and certificate requests: ASN.1 in DER, built by node-forge and signed by node:crypto or by
 * the holder of the key.
 */

const { asn1 } = forge;
const { UNIVERSAL } = asn1.Class;
const signAsync = promisify<string, Uint8Array, KeyObject, Buffer>(signBytes);

const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

// Part of node-forge's documented interface, but missing from its type package.
const fromDerWith = asn1.fromDer as unknown as (
  bytes: forge.util.ByteStringBuffer,
  options: { readonly decodeBitStrings: boolean },
) => forge.asn1.Asn1;

/** Leaves the bits of a BIT STRING alone; an RSA key's bits would otherwise be parsed as a structure. */
export const fromDer = (der: Buffer) =>
  fromDerWith(forge.util.createBuffer(der.toString('latin1')), { decodeBitStrings: false });
export const toDer = (node: forge.asn1.Asn1) => Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
export const sequence = (parts: forge.asn1.Asn1[]) => asn1.create(UNIVERSAL, asn1.Type.SEQUENCE, true, parts);

/** A key pair whose private key is elsewhere, and a function that signs there. */
export interface RemoteKeyPair {
  readonly publicKey: KeyObject;
  /**
   * @param bytes the bytes to sign with SHA-256, not hashed
   * @returns the signature as X.509 encodes it: PKCS#1 v1.5 for RSA, Ecdsa-Sig-Value (RFC 3279, 2.2.3) in DER for ECDSA
   */
  sign(bytes: Buffer): Promise<Uint8Array>;
}

/** The signature algorithm for a key: SHA-256 for either key type. */
export const signatureOid = (key: KeyObject) => (key.asymmetricKeyType === 'ec' ? ECDSA_WITH_SHA256 : SHA256_WITH_RSA);

export function algorithmIdentifier(oid: string): forge.asn1.Asn1 {
  const parts = [asn1.create(UNIVERSAL, asn1.Type.OID, false, asn1.oidToDer(oid).getBytes())];
  // RFC 4055, 5 requires NULL parameters for RSA; RFC 5758, 3.2 requires none for ECDSA.
  if (oid === SHA256_WITH_RSA) parts.push(asn1.create(UNIVERSAL, asn1.Type.NULL, false, ''));
  return sequence(parts);
}

/** The SubjectPublicKeyInfo of a key (RFC 5280, 4.1.2.7). */
export const publicKeyInfo = (key: KeyObject) => fromDer(key.export({ type: 'spki', format: 'der' }));

/**
 * RFC 5280, 4.2.1.2 method 1: identifies the key by a SHA-1 of the public key's bits; security does not depend on it.
 */
export function subjectKeyIdentifier(spki: forge.asn1.Asn1): string {
  const bits = (spki.value[1] as forge.asn1.Asn1).value as string;
  const digest = createHash('sha1').update(Buffer.from(bits, 'latin1').subarray(1)).digest().toString('latin1');
  return asn1.toDer(asn1.create(UNIVERSAL, asn1.Type.OCTETSTRING, false, digest)).getBytes();
}

/**
 * Signs a structure on the thread pool, or where the key is. @returns structure, algorithm and signature as one DER
 * sequence
 */
export async function signStructure(structure: forge.asn1.Asn1, key: KeyPair | RemoteKeyPair): Promise<Buffer> {
  const bytes = toDer(structure);
  const signature = 'sign' in key ? await key.sign(bytes) : await signAsync('sha256', bytes, key.privateKey);
  return toDer(
    sequence([
      structure,
      algorithmIdentifier(signatureOid(key.publicKey)),
      asn1.create(UNIVERSAL, asn1.Type.BITSTRING, false, `\0${Buffer.from(signature).toString('latin1')}`),
    ]),
  );
}

/**
 * Encodes an ECDSA signature for X.509 (RFC 3279, 2.2.3): a DER sequence of two integers.
 *
 * @param signature r||s, each of the same length
 */
export function ecdsaSignatureToDer(signature: Buffer): Buffer {
  const half = signature.length / 2;
  const integer = (bytes: Buffer) => {
    // X.690, 8.3: as few octets as possible, and the highest bit is the sign.
    const first = bytes.findIndex((byte) => byte !== 0);
    const digits = first < 0 ? Buffer.of(0) : bytes.subarray(first);
    const padded = (digits[0] ?? 0) < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits]);
    return asn1.create(UNIVERSAL, asn1.Type.INTEGER, false, padded.toString('latin1'));
  };
  return toDer(sequence([integer(signature.subarray(0, half)), integer(signature.subarray(half))]));
}

/** The names in a biller's certificates. X.520 limits each to 64 characters. */
export function subjectOf(billerName: string) {
  const name = [...billerName].slice(0, 64).join('');
  const valueTagClass = asn1.Type.UTF8 as unknown as forge.asn1.Class;
  return [
    { name: 'commonName', value: name, valueTagClass },
    { name: 'organizationName', value: name, valueTagClass },
    { name: 'organizationalUnitName', value: 'SAML signing' },
  ];
}

/** forge supports only RSA keys, so it writes this placeholder; the real key replaces it in the finished structure. */
export const standInKey = () =>
  forge.pki.setRsaPublicKey(new forge.jsbn.BigInteger('3'), new forge.jsbn.BigInteger('3'));
