import { z } from 'zod';

/** The binding used to send the AuthnRequest. */
export const bindings = ['HTTP-Redirect', 'HTTP-POST'] as const;

/**
 * What is kept of the certificates in the metadata: the first, as Invoice Cloud is assumed to do; all of them; or all of
 * them, fetched again for each sign-on.
 */
export const keepsChoices = ['first', 'all', 'fetches-again'] as const;

/** An onboarded biller: what the staff entered, and what was copied from the Identity Provider's metadata. */
export const billerSchema = z.strictObject({
  guid: z.string(),
  name: z.string(),
  metadataUrl: z.string(),
  claimEmail: z.string(),
  claimLoginType: z.string(),
  /** Empty if this biller's Identity Provider sends no account number. */
  claimAccountNumber: z.string(),
  binding: z.enum(bindings),
  responseSignatureRequired: z.boolean(),
  keeps: z.enum(keepsChoices).default('first'),
  loginTypeMeanings: z.array(z.strictObject({ loginType: z.int(), meaning: z.string() })),
  copied: z.strictObject({
    at: z.iso.datetime(),
    entityId: z.string(),
    ssoUrl: z.string(),
    certificatePem: z.string(),
    certificateFingerprint: z.string(),
    certificateSubject: z.string(),
    certificateNotAfter: z.iso.datetime(),
    /** Those that are kept besides. */
    otherCertificatesPem: z.array(z.string()).default([]),
  }),
});

export type Biller = z.infer<typeof billerSchema>;

/** The meaning of a LoginType for this biller, in words, or undefined if none was entered. */
export function meaningOf(biller: Biller, loginType: number): string | undefined {
  return biller.loginTypeMeanings.find((entry) => entry.loginType === loginType)?.meaning;
}

/**
 * Normalizes a BillerGUID to lower case, so that an upper-case link names the same biller.
 * @returns undefined if the text is not a GUID
 */
export function readGuid(text: string): string | undefined {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined;
}
