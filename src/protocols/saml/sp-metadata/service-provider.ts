import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { MIN_RSA_BITS } from '../signatures/algorithms.ts';

/** What we know about a Service Provider, from its metadata or entered by hand. Stored as JSON with the biller. */
const serviceProviderSchema = z.strictObject({
  entityId: z.string(),
  /** HTTP-POST Assertion Consumer Services; exactly one is the default. */
  acs: z.array(z.strictObject({ url: z.string(), index: z.number().int(), isDefault: z.boolean() })).min(1),
  /** Certificates as base64 DER. */
  signingCertificates: z.array(z.string()),
  encryptionCertificates: z.array(z.string()),
  /** At least one is marked for encryption, rather than left open for any use (SAML metadata, 2.4.1.1). */
  wantEncryption: z.boolean(),
  /** Encryption algorithms listed in the metadata, as URIs; empty if the metadata leaves the choice to us. */
  encryptionMethods: z.array(z.string()),
  /** RSA-OAEP digest and mask named in the metadata, as URIs; absent if it names none. */
  oaepSettings: z
    .array(z.strictObject({ method: z.string(), digest: z.string().optional(), mask: z.string().optional() }))
    .optional(),
  authnRequestsSigned: z.boolean(),
  wantAssertionsSigned: z.boolean(),
  /** URIs as the metadata lists them. */
  nameIdFormats: z.array(z.string()),
  /** The URL to read the metadata from again; absent if it came from a file or was entered by hand. */
  metadataUrl: z.string().optional(),
});
export type ServiceProvider = z.infer<typeof serviceProviderSchema>;
export type AssertionConsumerService = ServiceProvider['acs'][number];

/** A URL at the Service Provider to which portal users are sent: https, or http on localhost. */
export function isAcceptableUrl(text: string): boolean {
  // The URL parser drops line breaks and escapes spaces, so the URL checked would not be the URL used.
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

/** @returns the certificate as base64 DER without line breaks, or undefined if the text is not a certificate */
export function normalizeCertificate(base64: string): string | undefined {
  try {
    const certificate = new X509Certificate(Buffer.from(base64.replace(/\s+/g, ''), 'base64'));
    // The key is parsed lazily; reading it here keeps an unsupported key type from throwing at every use.
    return certificate.publicKey && certificate.raw.toString('base64');
  } catch {
    return undefined;
  }
}

/**
 * Tells whether the certificate's key can encrypt a content key (XML Encryption 1.1, 5.5.2). @param certificate DER in
 * base64
 */
export function isFitToEncrypt(certificate: string): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(Buffer.from(certificate, 'base64')).publicKey;
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
}
