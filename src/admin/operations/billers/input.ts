import { z } from 'zod';
import { SLUG } from '../../../core/billers/biller.ts';
import { KEY_TYPES } from '../../../core/keys/key-types.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { isBillerGuid } from '../../../protocols/invoice-cloud/redirect-link.ts';
import type { ServiceProvider } from '../../../protocols/saml/sp-metadata/service-provider.ts';
import { readSpMetadata, serviceProviderByHand } from '../../../protocols/saml/sp-metadata/sp-metadata.ts';
import { isWritable } from '../../../protocols/saml/writing/escape.ts';

/** Settings from outside, any subset of them. checkSettings checks what a schema can't express. */
const settingsInput = z.partialRecord(z.string(), z.unknown()).default({});

const name = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(200, 'must have at most 200 characters')
  .refine((text) => isWritable(text) && !/\p{Cc}/u.test(text), 'must not have control characters');

/** Describes a Service Provider: its metadata, or entity ID and ACS by hand. */
const serviceProviderInput = {
  /** The document itself; commands read files and addresses. */
  spMetadata: z.string().optional(),
  entityId: z.string().min(1).max(1024).optional(),
  acs: z.array(z.string()).default([]),
  /** PEM, or base64 DER. */
  spCertificates: z.array(z.string()).max(20).default([]),
  spEncryptionCertificates: z.array(z.string()).max(20).default([]),
  /** Where `spMetadata` was read from, if it was a URL. */
  metadataUrl: z.string().optional(),
};

export const newBillerInput = z.strictObject({
  slug: z
    .string()
    .regex(SLUG, 'must be 1 to 63 lower-case letters, digits and hyphens, as in URLs, e.g. riverton-water'),
  name,
  billerGuid: z
    .string()
    .refine(isBillerGuid, 'must be the GUID that Invoice Cloud gave, e.g. 0f8fad5b-d9cb-469f-a165-70867728950e'),
  ...serviceProviderInput,
  keyType: z.enum(KEY_TYPES).default('RSA-2048'),
  /** Make the signing key in the HSM. */
  module: z.boolean().default(false),
  settings: settingsInput,
});

export const billerChangesInput = z.strictObject({
  slug: z.string(),
  name: name.optional(),
  ...serviceProviderInput,
  settings: settingsInput,
  /** The state for which the difference was shown; see stateTag. */
  state: z.string().optional(),
});

type ServiceProviderInput = z.infer<z.ZodObject<typeof serviceProviderInput>>;

/**
 * @param now milliseconds since 1970
 * @returns undefined if nothing was given @throws InputError if it is wrong, or half of it is missing
 */
export function serviceProviderOf(input: ServiceProviderInput, now: number): ServiceProvider | undefined {
  const { spMetadata, metadataUrl, entityId, acs, spCertificates, spEncryptionCertificates } = input;
  const byHand = [entityId, ...acs, ...spCertificates, ...spEncryptionCertificates].some((part) => part !== undefined);
  if (spMetadata !== undefined) {
    if (byHand) {
      throw new InputError('Give either the SP metadata, or entity ID and ACS URLs, not both.', {
        code: 'service_provider_twice',
      });
    }
    return { ...readSpMetadata(spMetadata, now), ...(metadataUrl === undefined ? {} : { metadataUrl }) };
  }
  if (!byHand) return undefined;
  const code = 'service_provider_incomplete';
  if (entityId === undefined) throw new InputError('The entity ID of the Service Provider is missing.', { code });
  if (acs.length === 0) {
    throw new InputError('The ACS URL of the Service Provider, to which Responses are posted, is missing.', { code });
  }
  return serviceProviderByHand({
    entityId,
    acsUrls: acs,
    signingCertificates: spCertificates,
    encryptionCertificates: spEncryptionCertificates,
  });
}
