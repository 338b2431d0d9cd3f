import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { readCertificates } from '../../../platform/util/certificates.ts';
import { MIN_RSA_BITS } from '../signatures/algorithms.ts';
import { isKeyToVerifyWith } from '../signatures/request-signature-algorithms.ts';

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

/**
 * @param text in any form that readCertificates takes
 * @returns the certificates as base64 DER without line breaks @throws CertificateError
 */
export const certificatesOf = (text: string): string[] =>
  readCertificates(text).map(({ raw }) => raw.toString('base64'));

/** Tells whether a request can be verified with the certificate's key. @param certificate DER in base64 */
export function isFitToVerify(certificate: string): boolean {
  return isKeyToVerifyWith(new X509Certificate(Buffer.from(certificate, 'base64')).publicKey);
}

/**
 * Tells whether the certificate's key can encrypt a content key (XML Encryption 1.1, 5.5.2). @param certificate DER in
 * base64
 */
export function isFitToEncrypt(certificate: string): boolean {
  const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(Buffer.from(certificate, 'base64')).publicKey;
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
}
