import { z } from 'zod';

/** The binding used to send the AuthnRequest. */
export const bindings = ['HTTP-Redirect', 'HTTP-POST'] as const;

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
  loginTypeMeanings: z.array(z.strictObject({ loginType: z.int(), meaning: z.string() })),
  copied: z.strictObject({
    at: z.iso.datetime(),
    entityId: z.string(),
    ssoUrl: z.string(),
    certificatePem: z.string(),
    certificateFingerprint: z.string(),
    certificateSubject: z.string(),
    certificateNotAfter: z.iso.datetime(),
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
