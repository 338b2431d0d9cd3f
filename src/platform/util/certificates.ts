import { X509Certificate } from 'node:crypto';
import forge from 'node-forge';

/** Labels of PEM blocks that hold a certificate (RFC 7468, 5; the second is OpenSSL's), and of PKCS#7 (RFC 7468, 8 and 9). */
const CERTIFICATE_LABELS = ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'];
const PKCS7_LABELS = ['PKCS7', 'CMS'];
const OID_SIGNED_DATA = '1.2.840.113549.1.7.2';

/** A text or file that should hold certificates, and does not. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

// Part of node-forge's documented interface, but missing from its type package.
const fromDer = forge.asn1.fromDer as unknown as (
  bytes: string,
  options: { readonly decodeBitStrings: boolean },
) => forge.asn1.Asn1;

const partsOf = (node: forge.asn1.Asn1 | undefined): forge.asn1.Asn1[] =>
  Array.isArray(node?.value) ? node.value : [];

/**
 * The certificates of a PKCS#7 SignedData without content (RFC 5652, 5.1), as certificate authorities hand chains out.
 *
 * @returns undefined if it is something else
 */
function readPkcs7(der: Buffer): X509Certificate[] | undefined {
  try {
    const [type, content] = partsOf(fromDer(der.toString('latin1'), { decodeBitStrings: false }));
    if (type === undefined || forge.asn1.derToOid(type.value as string) !== OID_SIGNED_DATA) return undefined;
    const [signedData] = partsOf(content);
    const { CONTEXT_SPECIFIC } = forge.asn1.Class;
    const certificates = partsOf(signedData).find(
      ({ tagClass, type: tag }) => tagClass === CONTEXT_SPECIFIC && Number(tag) === 0,
    );
    return partsOf(certificates).map(
      (node) => new X509Certificate(Buffer.from(forge.asn1.toDer(node).getBytes(), 'latin1')),
    );
  } catch {
    return undefined;
  }
}

function readDer(der: Buffer): X509Certificate[] {
  try {
    const certificate = new X509Certificate(der);
    // The key is parsed lazily; reading it here keeps an unsupported key type from throwing at every use.
    if (certificate.publicKey !== undefined) return [certificate];
  } catch {
    // It may be a PKCS#7 file.
  }
  const chain = readPkcs7(der);
  if (chain !== undefined && chain.length > 0) return chain;
  throw new CertificateError("can't be read as an X.509 certificate");
}

/** @returns undefined if the text is not base64, white space aside (RFC 4648, 4) */
function decodeBase64(text: string): Buffer | undefined {
  const plain = text.replace(/\s+/g, '');
  const bytes = Buffer.from(plain, 'base64');
  const unpadded = (base64: string) => base64.replace(/=+$/, '');
  return plain !== '' && unpadded(bytes.toString('base64')) === unpadded(plain) ? bytes : undefined;
}

/** @returns the certificates of all PEM blocks of a kind that can hold one */
function readPem(text: string): X509Certificate[] {
  const found: X509Certificate[] = [];
  for (const part of text.split('-----BEGIN ').slice(1)) {
    const [label = ''] = part.split('-----', 1);
    if (![...CERTIFICATE_LABELS, ...PKCS7_LABELS].includes(label)) continue;
    const end = part.indexOf(`-----END ${label}-----`);
    const der = end < 0 ? undefined : decodeBase64(part.slice(label.length + '-----'.length, end));
    if (der === undefined) throw new CertificateError(`has a PEM block ${label} that is damaged`);
    found.push(...readDer(der));
  }
  return found;
}

/**
 * Reads certificates in any of the forms that people are handed: PEM with one or several, base64 with or without PEM
 * lines, DER, or a PKCS#7 chain (.p7b) in PEM or DER.
 *
 * @returns one or more, in their order
 * @throws CertificateError, a clause that says what is wrong
 */
export function readCertificates(content: Uint8Array | string): X509Certificate[] {
  const text = (typeof content === 'string' ? content : Buffer.from(content).toString('latin1')).replace(/^\ufeff/, '');
  if (text.trim() === '') throw new CertificateError('is empty');
  if (text.includes('-----BEGIN ')) {
    const found = readPem(text);
    if (found.length > 0) return found;
    throw new CertificateError('contains no certificate');
  }
  const decoded = decodeBase64(text);
  if (decoded !== undefined) return readDer(decoded);
  if (typeof content === 'string') throw new CertificateError('is neither PEM nor base64');
  return readDer(Buffer.from(content));
}
