import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { SLUG } from '../../../core/billers/biller.ts';
import { KEY_TYPES } from '../../../core/keys/key-types.ts';
import { escapeControls } from '../../../platform/errors/escape-controls.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { isBillerGuid } from '../../../protocols/invoice-cloud/redirect-link.ts';
import { MIN_RSA_BITS } from '../../../protocols/saml/signatures/algorithms.ts';
import { isFitToVerify, type ServiceProvider } from '../../../protocols/saml/sp-metadata/service-provider.ts';
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
  /** With SP metadata that describes many entities: which of them. */
  entityId: z.string().trim().min(1).max(1024).optional(),
  acs: z.array(z.string()).default([]),
  /** One or several each, in any form that readCertificates takes. */
  spCertificates: z.array(z.string()).max(20).default([]),
  spEncryptionCertificates: z.array(z.string()).max(20).default([]),
  /** Where `spMetadata` was read from, if it was a URL. */
  metadataUrl: z.string().optional(),
  /** It is right that another biller has the same Service Provider. */
  sameServiceProvider: z.boolean().default(false),
};

/** Of the OpenID Connect provider: the client secret, or our private key in PEM. Checked by clientSecretOf, which never repeats it. */
const oidcClientSecret = z.string().optional();

/** As people copy a GUID: Windows tools put it in braces. */
const withoutBraces = (text: string) => text.trim().replace(/^\{(.*)\}$/, '$1');

export const newBillerInput = z.strictObject({
  slug: z
    .string()
    .regex(SLUG, 'must be 1 to 63 lower-case letters, digits and hyphens, as in URLs, e.g. riverton-water')
    .refine((slug) => slug !== 't', 'must not be t, because /launch/t is taken'),
  name,
  billerGuid: z
    .string()
    .transform(withoutBraces)
    .refine(isBillerGuid, 'must be the GUID that Invoice Cloud gave, e.g. 0f8fad5b-d9cb-469f-a165-70867728950e'),
  ...serviceProviderInput,
  keyType: z.enum(KEY_TYPES).default('RSA-2048'),
  /** Make the signing key in the HSM. */
  module: z.boolean().default(false),
  oidcClientSecret,
  settings: settingsInput,
});

export const billerChangesInput = z.strictObject({
  slug: z.string(),
  name: name.optional(),
  ...serviceProviderInput,
  oidcClientSecret,
  /** With another issuer: the portal users of the one before are the same people there, or they are removed. */
  oidcUsers: z.enum(['keep', 'remove']).optional(),
  settings: settingsInput,
  /** The state for which the difference was shown; see stateTag. */
  state: z.string().optional(),
});

type ServiceProviderInput = z.infer<z.ZodObject<typeof serviceProviderInput>>;

/** A Service Provider as it was given, and what the operator should know about it. */
export interface GivenServiceProvider {
  readonly serviceProvider: ServiceProvider;
  /** Sentences: what was left out, and why. */
  readonly warnings: readonly string[];
}

/**
 * @param now milliseconds since 1970
 * @returns undefined if nothing was given @throws InputError if it is wrong, or half of it is missing
 */
export function serviceProviderOf(input: ServiceProviderInput, now: number): GivenServiceProvider | undefined {
  const { spMetadata, metadataUrl, entityId, acs, spCertificates, spEncryptionCertificates } = input;
  const parts = [...acs, ...spCertificates, ...spEncryptionCertificates];
  const warnings: string[] = [];
  if (spMetadata !== undefined) {
    if (parts.length > 0) {
      throw new InputError('Give either the SP metadata, or ACS URLs and certificates, not both.', {
        code: 'service_provider_twice',
      });
    }
    const read = readSpMetadata(spMetadata, now, { entityId, note: (sentence) => warnings.push(sentence) });
    const serviceProvider = { ...read, ...(metadataUrl === undefined ? {} : { metadataUrl }) };
    return { serviceProvider, warnings: [...warnings, ...certificateWarnings(serviceProvider, now)] };
  }
  if (entityId === undefined && parts.length === 0) return undefined;
  const code = 'service_provider_incomplete';
  if (entityId === undefined) throw new InputError('The entity ID of the Service Provider is missing.', { code });
  if (acs.length === 0) {
    throw new InputError('The ACS URL of the Service Provider, to which Responses are posted, is missing.', { code });
  }
  const serviceProvider = serviceProviderByHand({
    entityId,
    acsUrls: acs,
    signingCertificates: spCertificates,
    encryptionCertificates: spEncryptionCertificates,
  });
  return { serviceProvider, warnings: certificateWarnings(serviceProvider, now) };
}

function inWords({ subject, fingerprint256 }: X509Certificate): string {
  return `The Service Provider's signing certificate ${escapeControls(subject)} (SHA-256 ${fingerprint256})`;
}

/** @returns a sentence for each signing certificate whose signatures sign-ons refuse */
export function weakCertificateWarnings({ signingCertificates }: ServiceProvider): string[] {
  const weak = signingCertificates.filter((text) => !isFitToVerify(text));
  return weak.map((text) => {
    const which = inWords(new X509Certificate(Buffer.from(text, 'base64')));
    return `${which} can't be used: requests signed with its key are refused. It must have an elliptic curve key, or an RSA key of at least ${MIN_RSA_BITS} bits.`;
  });
}

/** What the Service Provider should know about its signing certificates. */
function certificateWarnings(serviceProvider: ServiceProvider, now: number): string[] {
  const expired = serviceProvider.signingCertificates.filter(isFitToVerify).flatMap((text) => {
    const certificate = new X509Certificate(Buffer.from(text, 'base64'));
    if (certificate.validToDate.getTime() > now) return [];
    const date = certificate.validToDate.toISOString().slice(0, 10);
    return [
      `${inWords(certificate)} expired on ${date}. Signatures with it are still accepted; ask for current metadata.`,
    ];
  });
  return [...weakCertificateWarnings(serviceProvider), ...expired];
}
