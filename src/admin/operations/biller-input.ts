import { z } from 'zod';
import { requiresSignature, SLUG } from '../../core/billers/biller.ts';
import { encryptionFor } from '../../core/billers/encryption.ts';
import { type BillerSettings, billerSettingsSchema } from '../../core/billers/settings.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import { isBillerGuid, isLinkBase } from '../../protocols/invoice-cloud/redirect-link.ts';
import { NAME_ID_FORMAT_BY_URI, NAME_ID_FORMATS } from '../../protocols/saml/names.ts';
import { comesBackUnchanged } from '../../protocols/saml/relay-state.ts';
import { isAcceptableUrl, type ServiceProvider } from '../../protocols/saml/sp-metadata/service-provider.ts';
import { readSpMetadata, serviceProviderByHand } from '../../protocols/saml/sp-metadata/sp-metadata.ts';
import { isWritable } from '../../protocols/saml/writing/escape.ts';
import { wordsForIssue } from './input-issue.ts';

/** Settings as they come from outside: any part of them. What a schema can't say is checked by checkSettings. */
const settingsInput = z.partialRecord(z.string(), z.unknown()).default({});

const name = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(200, 'must have at most 200 characters')
  .refine((text) => isWritable(text) && !/\p{Cc}/u.test(text), 'must not have control characters');

/** What makes a Service Provider known: its metadata, or entity ID and ACS by hand. */
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
    .regex(SLUG, 'must be 1 to 63 lower-case letters, digits and hyphens, as it stands in URLs, e.g. riverton-water'),
  name,
  billerGuid: z
    .string()
    .refine(isBillerGuid, 'must be the GUID that Invoice Cloud gave, e.g. 0f8fad5b-d9cb-469f-a165-70867728950e'),
  ...serviceProviderInput,
  keyType: z.enum(['RSA-2048', 'RSA-3072', 'RSA-4096', 'EC-P256']).default('RSA-2048'),
  /** The signing key is made in the hardware module. */
  module: z.boolean().default(false),
  settings: settingsInput,
});

export const billerChangesInput = z.strictObject({
  slug: z.string(),
  name: name.optional(),
  ...serviceProviderInput,
  settings: settingsInput,
  /** The state that the change was shown against; see stateTag. */
  state: z.string().optional(),
});

type ServiceProviderInput = z.infer<z.ZodObject<typeof serviceProviderInput>>;

/**
 * @param now milliseconds since 1970
 * @returns undefined where nothing was given @throws InputError where it is wrong, or half of it is missing
 */
export function serviceProviderOf(input: ServiceProviderInput, now: number): ServiceProvider | undefined {
  const { spMetadata, metadataUrl, entityId, acs, spCertificates, spEncryptionCertificates } = input;
  const byHand = [entityId, ...acs, ...spCertificates, ...spEncryptionCertificates].some((part) => part !== undefined);
  if (spMetadata !== undefined) {
    if (byHand) throw new InputError('Give either --sp-metadata, or --entity-id with --acs, not both.');
    return { ...readSpMetadata(spMetadata, now), ...(metadataUrl === undefined ? {} : { metadataUrl }) };
  }
  if (!byHand) return undefined;
  if (entityId === undefined)
    throw new InputError('--acs and --sp-certificate need --entity-id, the entity ID of the Service Provider.');
  if (acs.length === 0) throw new InputError('--entity-id needs --acs, the URL that Responses are posted to.');
  return serviceProviderByHand({
    entityId,
    acsUrls: acs,
    signingCertificates: spCertificates,
    encryptionCertificates: spEncryptionCertificates,
  });
}

/**
 * The NameID format of a new biller where none was given: the usual one, unless the Service Provider lists others that
 * are given here and not that one (SAML metadata, 2.4.2).
 */
export function nameIdFormatFor({ nameIdFormats }: ServiceProvider): Pick<Partial<BillerSettings>, 'nameIdFormat'> {
  const { emailAddress, unspecified } = NAME_ID_FORMATS;
  if ([emailAddress, unspecified].some((uri) => nameIdFormats.includes(uri))) return {};
  const listed = nameIdFormats.flatMap((uri) => NAME_ID_FORMAT_BY_URI.get(uri) ?? []);
  return listed[0] === undefined ? {} : { nameIdFormat: listed[0] };
}

/**
 * Puts settings together and checks them against the Service Provider.
 *
 * @param given any part of the settings, over `known` @throws InputError naming the setting and what is accepted
 */
export function settingsOf(
  known: Partial<BillerSettings>,
  given: Record<string, unknown>,
  serviceProvider: ServiceProvider,
): BillerSettings {
  const result = billerSettingsSchema.safeParse({ ...known, ...given }, { error: wordsForIssue, reportInput: true });
  if (!result.success) throw new InputError(settingIssueInWords(result.error.issues[0]));
  const settings = result.data;
  if (!isLinkBase(settings.redirectLinkBase)) {
    throw new InputError(
      `--redirect-link-base "${settings.redirectLinkBase}": expected is an origin such as https://sso.invoicecloud.com, without a closing slash.`,
    );
  }
  if (settings.portalUrl !== null && !isAcceptableUrl(settings.portalUrl)) {
    throw new InputError(
      `--portal-url "${settings.portalUrl}": expected is an https URL (http only for this machine).`,
    );
  }
  for (const origin of settings.acsRedirectOrigins) {
    if (!isAcceptableUrl(origin) || new URL(origin).origin !== origin) {
      throw new InputError(
        `--acs-redirect-origin "${origin}": expected is an https origin without a path, e.g. https://www.invoicecloud.com.`,
      );
    }
  }
  checkUnsolicitedRelayState(settings);
  if (serviceProvider.wantAssertionsSigned && settings.sign === 'response') {
    throw new InputError(
      '--sign response: the SP metadata asks for signed assertions (WantAssertionsSigned). Choose assertion or both.',
    );
  }
  const names = [
    settings.emailClaim,
    settings.loginTypeClaim,
    ...(settings.accountNumberClaim === null ? [] : [settings.accountNumberClaim]),
    ...settings.constantClaims,
  ].map(({ name }) => name);
  const twice = names.find((name, position) => names.indexOf(name) < position);
  if (twice !== undefined)
    throw new InputError(`The claim "${twice}" is given twice. Every claim has a name of its own.`);
  if (requiresSignature({ settings, serviceProvider }) && serviceProvider.signingCertificates.length === 0) {
    throw new InputError(
      '--request-signature: requests must be signed (by this choice, or as the SP metadata says), but no signing certificate of the Service Provider is known. Give --sp-metadata that has one, or --sp-certificate.',
    );
  }
  encryptionFor({ settings, serviceProvider });
  return settings;
}

/** What is agreed for an unsolicited Response keeps the rules for what comes with a request. @throws InputError */
function checkUnsolicitedRelayState({ unsolicitedRelayState: value, relayStateMaxBytes }: BillerSettings): void {
  if (value === null) return;
  if (!comesBackUnchanged(value)) {
    throw new InputError(
      '--unsolicited-relay-state: must not have line breaks or other control characters, which browsers change.',
    );
  }
  const bytes = Buffer.byteLength(value);
  if (bytes > relayStateMaxBytes) {
    throw new InputError(
      `--unsolicited-relay-state: must have at most ${relayStateMaxBytes} bytes (--relay-state-max), and has ${bytes}.`,
    );
  }
}

/** Names the option, the value, and what is accepted. No setting is a secret. */
function settingIssueInWords(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'unrecognized_keys') return `There is no setting "${issue.keys[0]}".`;
  const [setting, ...inside] = (issue?.path ?? []).map(String);
  if (issue === undefined || setting === undefined) return 'The settings are not acceptable.';
  // The description goes on with an example, or with the options that undo this one.
  const option = settingMeta(setting).option?.split(/[ ,]/)[0] ?? setting;
  const where = inside.length === 0 ? '' : ` (${inside.join(' ')})`;
  const given = ['string', 'number'].includes(typeof issue.input) ? ` "${issue.input}"` : '';
  return `${option}${where}${given}: ${issue.message.replace(/\.$/, '')}.`;
}

function settingMeta(setting: string): { option?: string } {
  const { shape } = billerSettingsSchema;
  return setting in shape ? ((shape[setting as keyof typeof shape].meta() ?? {}) as { option?: string }) : {};
}
