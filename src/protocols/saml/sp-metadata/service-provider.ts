import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { MIN_RSA_BITS } from '../signatures/algorithms.ts';

/** What we know of a Service Provider: from its metadata, or entered by hand. Kept as JSON with the biller. */
const serviceProviderSchema = z.strictObject({
  entityId: z.string(),
  /** HTTP-POST Assertion Consumer Services; exactly one is the default. */
  acs: z.array(z.strictObject({ url: z.string(), index: z.number().int(), isDefault: z.boolean() })).min(1),
  /** Certificates as base64 DER. */
  signingCertificates: z.array(z.string()),
  encryptionCertificates: z.array(z.string()),
  /** One of them is marked for encryption, not merely left open for any use (SAML metadata, 2.4.1.1). */
  wantEncryption: z.boolean(),
  /** Algorithms that the metadata lists for encryption, as URIs; empty where it leaves the choice to us. */
  encryptionMethods: z.array(z.string()),
  /** Digest and mask of RSA-OAEP where the metadata names them, as URIs; absent where it names none. */
  oaepSettings: z
    .array(z.strictObject({ method: z.string(), digest: z.string().optional(), mask: z.string().optional() }))
    .optional(),
  authnRequestsSigned: z.boolean(),
  wantAssertionsSigned: z.boolean(),
  /** URIs as the metadata lists them. */
  nameIdFormats: z.array(z.string()),
  /** Where the metadata was read from, to read it again; absent where it came as a file or by hand. */
  metadataUrl: z.string().optional(),
});
export type ServiceProvider = z.infer<typeof serviceProviderSchema>;
export type AssertionConsumerService = ServiceProvider['acs'][number];

/** A URL of the Service Provider that portal users are sent to: https, or http on this machine. */
export function isAcceptableUrl(text: string): boolean {
  // The parser of URLs takes line breaks out and makes escapes of blanks: what was looked at would not be what is used.
  if (/[\p{Cc}\s]/u.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.hash !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

/** localhost and its subdomains, 127.0.0.0/8 and ::1. */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

/** @returns the certificate as base64 DER without line breaks, or undefined where the text is no certificate */
export function normaliseCertificate(base64: string): string | undefined {
  try {
    const certificate = new X509Certificate(Buffer.from(base64.replace(/\s+/g, ''), 'base64'));
    // Its key is read only here, and one of a kind that nobody knows would throw at every use.
    return certificate.publicKey && certificate.raw.toString('base64');
  } catch {
    return undefined;
  }
}

/** Says whether a content key can be carried under a certificate's key (XML Encryption 1.1, 5.5.2). @param certificate DER in base64 */
export function isFitToEncrypt(certificate: string): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(Buffer.from(certificate, 'base64')).publicKey;
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
}
