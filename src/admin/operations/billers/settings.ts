import { z } from 'zod';
import { requiresSignature } from '../../../core/billers/biller.ts';
import { encryptionFor } from '../../../core/billers/encryption.ts';
import { type BillerSettings, billerSettingsSchema } from '../../../core/billers/settings.ts';
import { isNetwork } from '../../../core/keys/publication/fetcher.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { CertificateError } from '../../../platform/util/certificates.ts';
import { faultOfPublicUrl, faultOfSecureOrigin, faultOfSecureUrl } from '../../../platform/util/web-url.ts';
import { isLinkBase } from '../../../protocols/invoice-cloud/redirect-link.ts';
import { NAME_ID_FORMAT_BY_URI, NAME_ID_FORMATS } from '../../../protocols/saml/names.ts';
import { comesBackUnchanged } from '../../../protocols/saml/relay-state.ts';
import { MIN_RSA_BITS } from '../../../protocols/saml/signatures/algorithms.ts';
import {
  certificatesOf,
  isFitToVerify,
  type ServiceProvider,
} from '../../../protocols/saml/sp-metadata/service-provider.ts';
import { wordsForIssue } from '../input-issue.ts';
import { isPhone, isPlainMailbox } from './contact.ts';
import { checkSignIn } from './sign-in.ts';

/** @returns an error about one setting */
function refuse(setting: keyof BillerSettings, given: string | undefined, complaint: string, position?: number) {
  const field = `settings.${setting}${position === undefined ? '' : `.${position}`}`;
  return new InputError(complaint, { field, given });
}

/**
 * The NameID format of a new biller if none was given: the default, unless the Service Provider lists other supported
 * formats but not that one (SAML metadata, 2.4.2).
 */
export function nameIdFormatFor({ nameIdFormats }: ServiceProvider): Pick<Partial<BillerSettings>, 'nameIdFormat'> {
  const { emailAddress, unspecified } = NAME_ID_FORMATS;
  if ([emailAddress, unspecified].some((uri) => nameIdFormats.includes(uri))) return {};
  const listed = nameIdFormats.flatMap((uri) => NAME_ID_FORMAT_BY_URI.get(uri) ?? []);
  return listed[0] === undefined ? {} : { nameIdFormat: listed[0] };
}

/**
 * Reads settings by their schema alone.
 *
 * @param given any subset of the settings
 * @returns one error for each that is wrong
 */
export function settingProblems(given: Record<string, unknown>): InputError[] {
  const result = billerSettingsSchema.safeParse(given, { error: wordsForIssue, reportInput: true });
  return result.success ? [] : result.error.issues.map(settingError);
}

/**
 * Merges settings and checks them against the Service Provider.
 *
 * @param given any subset of the settings, which overrides `known`
 * @throws InputError naming the setting and what is accepted
 */
export function settingsOf(
  known: Partial<BillerSettings>,
  given: Record<string, unknown>,
  serviceProvider: ServiceProvider,
): BillerSettings {
  const all = { ...known, ...withCertificates(given) };
  const result = billerSettingsSchema.safeParse(all, { error: wordsForIssue, reportInput: true });
  if (!result.success) throw settingError(result.error.issues[0]);
  const settings = result.data;
  checkUrls(settings);
  checkClients(settings);
  checkHelp(settings);
  checkSignIn(settings);
  checkUnsolicitedRelayState(settings);
  checkClaimNames(settings);
  checkMetadataSigning(settings, serviceProvider);
  if (serviceProvider.wantAssertionsSigned && settings.sign === 'response') {
    const complaint = 'The SP metadata asks for signed assertions (WantAssertionsSigned). Choose assertion or both.';
    throw refuse('sign', 'response', complaint);
  }
  if (requiresSignature({ settings, serviceProvider }) && !serviceProvider.signingCertificates.some(isFitToVerify)) {
    const what =
      serviceProvider.signingCertificates.length === 0
        ? 'no signing certificate of the Service Provider is known'
        : `none of the Service Provider's signing certificates can be used: one must have an elliptic curve key, or an RSA key of at least ${MIN_RSA_BITS} bits`;
    throw new InputError(`Requests must be signed (by this choice, or as the SP metadata says), but ${what}.`, {
      code: 'request_signature_unverifiable',
      field: 'settings.requestSignature',
    });
  }
  encryptionFor({ settings, serviceProvider });
  return settings;
}

/** Certificates in any form that readCertificates takes, as base64 DER. */
function withCertificates(given: Record<string, unknown>): Record<string, unknown> {
  const texts = z.array(z.string()).safeParse(given.metadataSigningCertificates);
  if (!texts.success) return given;
  const all = texts.data.flatMap((text, position) => {
    try {
      return certificatesOf(text);
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      const complaint = `${error.message}. It must be one or more certificates: PEM, base64, DER or PKCS#7.`;
      throw refuse('metadataSigningCertificates', undefined, complaint, position);
    }
  });
  return { ...given, metadataSigningCertificates: [...new Set(all)] };
}

function checkMetadataSigning(settings: BillerSettings, { metadataUrl }: ServiceProvider): void {
  const { refreshMetadata, metadataSigningCertificates: certificates } = settings;
  if (refreshMetadata !== 'signed') return;
  if (metadataUrl === undefined) {
    throw refuse('refreshMetadata', 'signed', 'needs SP metadata that was registered from a URL.');
  }
  if (certificates.some(isFitToVerify)) return;
  const complaint = `needs the certificate of the key that signs the metadata: an elliptic curve key, or an RSA key of at least ${MIN_RSA_BITS} bits.`;
  throw refuse('refreshMetadata', 'signed', complaint);
}

/** Looks like an address or a network, and would be searched in the User-Agent if it is none. */
const LIKE_NETWORK = /^(?:[\d.]+|[\da-f:.]*:[\da-f:.]*)(?:\/.*)?$/i;

function checkClients(settings: BillerSettings): void {
  for (const setting of ['monitors', 'metadataClients'] as const) {
    for (const [position, client] of settings[setting].entries()) {
      if (!LIKE_NETWORK.test(client) || isNetwork(client)) continue;
      const complaint = 'must be an address, a network such as 203.0.113.0/24, or a part of the User-Agent.';
      throw refuse(setting, client, complaint, position);
    }
  }
}

function checkUrls(settings: BillerSettings): void {
  const { redirectLinkBase, portalUrl, furtherPortalUrls, acsRedirectOrigins } = settings;
  if (!isLinkBase(redirectLinkBase)) {
    const complaint = 'must be an origin such as https://sso.invoicecloud.com, without a closing slash.';
    throw refuse('redirectLinkBase', redirectLinkBase, complaint);
  }
  const fault = portalUrl === null ? undefined : faultOfSecureUrl(portalUrl);
  if (portalUrl !== null && fault !== undefined) {
    throw refuse('portalUrl', portalUrl, `must be an https URL (http for localhost only): ${fault}.`);
  }
  for (const [position, url] of furtherPortalUrls.entries()) {
    const fault = faultOfSecureUrl(url);
    if (fault === undefined) continue;
    throw refuse('furtherPortalUrls', url, `must be an https URL (http for localhost only): ${fault}.`, position);
  }
  for (const [position, origin] of acsRedirectOrigins.entries()) {
    const fault = faultOfSecureOrigin(origin);
    if (fault === undefined) continue;
    const complaint = `must be an https origin without a path, e.g. https://www.invoicecloud.com: ${fault}.`;
    throw refuse('acsRedirectOrigins', origin, complaint, position);
  }
}

/** What is registered is used as it is: these become links, and nobody looks at them again. */
function checkHelp(settings: BillerSettings): void {
  for (const name of ['contactUrl', 'privacyUrl'] as const) {
    const url = settings[name];
    const fault = url === null ? undefined : faultOfPublicUrl(url);
    if (url !== null && fault !== undefined) throw refuse(name, url, `must be an https URL, or none: ${fault}.`);
  }
  const { contactEmail, contactPhone } = settings;
  if (contactEmail !== null && !isPlainMailbox(contactEmail)) {
    const complaint = 'must be an email address such as billing@riverton.example, or none.';
    throw refuse('contactEmail', contactEmail, complaint);
  }
  if (contactPhone !== null && !isPhone(contactPhone)) {
    const complaint = 'must be a telephone number of 3 to 15 digits, e.g. (555) 010-0100 or +1 555 010 0100, or none.';
    throw refuse('contactPhone', contactPhone, complaint);
  }
}

function checkClaimNames({ emailClaim, loginTypeClaim, accountNumberClaim, constantClaims }: BillerSettings): void {
  const accountNumberClaims = accountNumberClaim === null ? [] : [accountNumberClaim];
  const names = [emailClaim, loginTypeClaim, ...accountNumberClaims, ...constantClaims].map(({ name }) => name);
  const twice = names.find((name, position) => names.indexOf(name) < position);
  if (twice === undefined) return;
  throw new InputError(`The claim "${twice}" is given twice. Every claim needs its own name.`, {
    code: 'claim_repeated',
  });
}

/** The RelayState of an unsolicited Response follows the same rules as one in a request. */
function checkUnsolicitedRelayState({ unsolicitedRelayState: value, relayStateMaxBytes }: BillerSettings): void {
  if (value === null) return;
  if (!comesBackUnchanged(value)) {
    const complaint = 'must not have line breaks or other control characters, which browsers change.';
    throw refuse('unsolicitedRelayState', undefined, complaint);
  }
  const bytes = Buffer.byteLength(value);
  if (bytes > relayStateMaxBytes) {
    const complaint = `must have at most ${relayStateMaxBytes} bytes (the longest RelayState of this biller), and has ${bytes}.`;
    throw refuse('unsolicitedRelayState', undefined, complaint);
  }
}

/** Names the setting, the value, and what is accepted. No setting is a secret. */
function settingError(issue: z.core.$ZodIssue | undefined): InputError {
  if (issue?.code === 'unrecognized_keys') return new InputError(`There is no setting "${issue.keys[0]}".`);
  if (issue === undefined || issue.path.length === 0) return new InputError('The settings are not accepted.');
  return new InputError(`${issue.message.replace(/\.$/, '')}.`, {
    field: ['settings', ...issue.path].map(String).join('.'),
    given: ['string', 'number'].includes(typeof issue.input) ? String(issue.input) : undefined,
  });
}
