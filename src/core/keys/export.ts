import { type KeyObject, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { InputError } from '../../platform/errors/idp-error.ts';
import type { CertificateFormat } from './certificate-formats.ts';
import { fromDer, sequence, toDer } from './certificates/der.ts';

const { asn1 } = forge;
const { UNIVERSAL, CONTEXT_SPECIFIC } = asn1.Class;

const OID_SIGNED_DATA = '1.2.840.113549.1.7.2';
const OID_DATA = '1.2.840.113549.1.7.1';
const KEY_DERIVATION_ROUNDS = 200_000;

const oid = (dotted: string) => asn1.create(UNIVERSAL, asn1.Type.OID, false, asn1.oidToDer(dotted).getBytes());
const set = (parts: forge.asn1.Asn1[]) => asn1.create(UNIVERSAL, asn1.Type.SET, true, parts);
const tagged = (parts: forge.asn1.Asn1[]) => asn1.create(CONTEXT_SPECIFIC, 0, true, parts);

/** A "certs only" message (RFC 5652, 5.1): SignedData without content or signers. */
function pkcs7(certificate: Buffer): Buffer {
  const version = asn1.create(UNIVERSAL, asn1.Type.INTEGER, false, asn1.integerToDer(1).getBytes());
  const data = sequence([version, set([]), sequence([oid(OID_DATA)]), tagged([fromDer(certificate)]), set([])]);
  return toDer(sequence([oid(OID_SIGNED_DATA), tagged([data])]));
}

/** @param certificate DER in base64 */
export function exportCertificate(certificate: string, format: CertificateFormat): Buffer {
  const der = Buffer.from(certificate, 'base64');
  if (format === 'der') return der;
  return format === 'pem' ? Buffer.from(new X509Certificate(der).toString()) : pkcs7(der);
}

/**
 * Seals a private key with its certificate under a passphrase (PKCS#12, RFC 7292; AES-256).
 *
 * @param certificate DER in base64
 * @throws InputError for a key that is not RSA: node-forge can't write other types to PKCS#12
 */
export function exportPkcs12(privateKey: KeyObject, certificate: string, passphrase: string, name: string): Buffer {
  if (privateKey.asymmetricKeyType !== 'rsa') {
    throw new InputError('Only RSA keys can be exported as PKCS#12. Stage a new key instead of moving this one.', {
      code: 'key_not_exportable',
    });
  }
  const key = forge.pki.privateKeyFromPem(privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
  const parsed = forge.pki.certificateFromPem(exportCertificate(certificate, 'pem').toString());
  const options = { algorithm: 'aes256', count: KEY_DERIVATION_ROUNDS, friendlyName: name } as const;
  return toDer(forge.pkcs12.toPkcs12Asn1(key, [parsed], passphrase, options));
}
