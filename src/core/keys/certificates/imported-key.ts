import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { CertificateError, readCertificates } from '../../../platform/util/certificates.ts';
import { MIN_RSA_BITS } from '../../../protocols/saml/signatures/algorithms.ts';

/** An imported private key with its certificate, both checked. */
export interface ImportedKey {
  readonly privateKey: KeyObject;
  readonly certificate: X509Certificate;
}

/** Accepted certificate signature algorithms: SHA-256 or better. */
const STRONG = /sha(256|384|512)|ED25519/i;

const refuse = (reason: string, cause?: unknown) =>
  new InputError(`The key can't be imported: ${reason}.`, { code: 'key_file_unusable', cause });

/** @returns the certificates in a text or file @throws InputError */
function certificatesIn(content: Uint8Array | string): X509Certificate[] {
  try {
    return readCertificates(content);
  } catch (cause) {
    if (cause instanceof CertificateError) throw refuse(`it ${cause.message}`, cause);
    throw cause;
  }
}

/**
 * Reads a private key and certificates from PEM. From a chain, it takes the key's own certificate: the Service Provider
 * pins that one and does not need its issuers.
 *
 * @param passphrase of an encrypted private key
 * @throws InputError
 */
export function readPem(pem: string, passphrase: string | undefined): ImportedKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    const encrypted = /ENCRYPTED/.test(pem) && passphrase === undefined;
    throw refuse(
      encrypted
        ? 'the private key is encrypted; provide its passphrase'
        : 'it contains no readable private key, or the passphrase is wrong',
      cause,
    );
  }
  return { privateKey, certificate: certificateOf(privateKey, certificatesIn(pem)) };
}

/**
 * Compares keys as bytes: for keys of different types, KeyObject.equals leaves an error in OpenSSL's queue that makes
 * the next private key read fail.
 */
const spkiOf = (publicKey: KeyObject): Buffer => publicKey.export({ type: 'spki', format: 'der' });

/** @throws InputError if none of the certificates belongs to the key */
export function certificateOf(key: KeyObject, certificates: readonly X509Certificate[]): X509Certificate {
  if (certificates.length === 0) throw refuse('it contains no certificate');
  const publicKey = spkiOf(key.type === 'private' ? createPublicKey(key) : key);
  const found = certificates.find((certificate) => spkiOf(certificate.publicKey).equals(publicKey));
  if (found === undefined) throw refuse('the certificate does not match the private key');
  return found;
}

/** @throws InputError if the file is not DER, so that it can't be PKCS#12 */
function readDer(file: Buffer): forge.asn1.Asn1 {
  try {
    return forge.asn1.fromDer(forge.util.createBuffer(file.toString('latin1')));
  } catch (cause) {
    throw refuse('it is neither PEM nor a PKCS#12 file', cause);
  }
}

/**
 * Reads a PKCS#12 file (RFC 7292) with node-forge.
 *
 * @throws InputError if the passphrase is wrong, or the file does not contain exactly one private key
 */
export function readPkcs12(file: Buffer, passphrase: string | undefined): ImportedKey {
  const { pkcs12, pki, asn1 } = forge;
  let bags: forge.pkcs12.Pkcs12Pfx;
  try {
    bags = pkcs12.pkcs12FromAsn1(readDer(file), passphrase ?? '');
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw refuse(
      passphrase === undefined
        ? 'the PKCS#12 file is sealed; provide its passphrase'
        : 'the passphrase is wrong, or the PKCS#12 file is damaged',
      cause,
    );
  }
  const { pkcs8ShroudedKeyBag = '', keyBag = '', certBag = '' } = pki.oids;
  const keyBags = [pkcs8ShroudedKeyBag, keyBag].flatMap((bagType) => bags.getBags({ bagType })[bagType] ?? []);
  const [first, ...others] = keyBags;
  if (first === undefined || others.length > 0) throw refuse('the PKCS#12 file must contain exactly one private key');
  // forge reads only RSA keys; for other types it keeps the raw structure.
  const structure = first.key ? pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(first.key)) : first.asn1;
  const toDer = (node: forge.asn1.Asn1) => Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
  const certificates = (bags.getBags({ bagType: certBag })[certBag] ?? []).map(
    (bag) => new X509Certificate(toDer(bag.cert ? pki.certificateToAsn1(bag.cert) : bag.asn1)),
  );
  const privateKey = createPrivateKey({ key: toDer(structure), format: 'der', type: 'pkcs8' });
  return { privateKey, certificate: certificateOf(privateKey, certificates) };
}

/**
 * Checks that a certificate and its key are fit for signing.
 *
 * @param now milliseconds since 1970 @throws InputError naming what is wrong
 */
export function checkFitness(certificate: X509Certificate, now: number): void {
  const { publicKey, validFromDate, validToDate } = certificate;
  if (now >= validToDate.getTime()) throw refuse(`the certificate expired on ${validToDate.toISOString()}`);
  if (now < validFromDate.getTime()) throw refuse(`the certificate is not valid before ${validFromDate.toISOString()}`);
  const algorithm = certificate.signatureAlgorithm ?? 'unknown';
  if (!STRONG.test(algorithm))
    throw refuse(`the certificate is signed with ${algorithm}; it must use SHA-256 or better`);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    if (bits < MIN_RSA_BITS) throw refuse(`the RSA key has ${bits} bits; it must have at least ${MIN_RSA_BITS}`);
  } else if (type !== 'ec' || details?.namedCurve !== 'prime256v1') {
    throw refuse(`the key is of type ${type} ${details?.namedCurve ?? ''}; it must be RSA, or EC on P-256`);
  }
}
