import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  ACCOUNT_CHOICES,
  ENCRYPT_CHOICES,
  EXPIRED_KEY_CHOICES,
  REFRESH_CHOICES,
  ROTATION_CHOICES,
  SIGNATURE_POLICIES,
} from '../../../core/billers/settings.ts';
import { ATTRIBUTE_NAME_FORMATS, NAME_ID_FORMATS } from '../../../protocols/saml/names.ts';
import { DATA_ENCRYPTION_ALGORITHMS } from '../../../protocols/saml/signatures/algorithms.ts';
import { SIGN_CHOICES } from '../../../protocols/saml/writing/response.ts';
import { textOfCertificateFile } from './certificate-text.ts';
import { addSignInOptions, signInSettingsFrom } from './sign-in-options.ts';

const collect = (value: string, all: string[] = []) => [...all, value];

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** The content of a certificate file, as text. */
function certificateText(given: string, all: string[] = []): string[] {
  try {
    return [...all, textOfCertificateFile(readFileSync(given))];
  } catch (error) {
    throw new InvalidArgumentError(`It can't be read: ${(error as Error).message}.`);
  }
}

/** `owner=1,co-owner=5` */
function roleMapping(text: string): Record<string, number> {
  const mapping: Record<string, number> = {};
  for (const part of text.split(',')) {
    const match = /^\s*([A-Za-z][\w-]*)\s*=\s*(\d{1,2})\s*$/.exec(part);
    if (match === null)
      throw new InvalidArgumentError(`"${part}" is wrong. It must be <role>=<number>, e.g. owner=1,co-owner=5.`);
    const role = match[1] as string;
    if (Object.hasOwn(mapping, role)) throw new InvalidArgumentError(`The role "${role}" is mapped twice.`);
    mapping[role] = Number(match[2]);
  }
  return mapping;
}

const names = Object.keys(ATTRIBUTE_NAME_FORMATS);

interface ClaimOption {
  name: string;
  nameFormat: string;
  friendlyName?: string;
}

/** `Email`, `Email:uri` or `urn:oid:0.9.2342.19200300.100.1.3:uri;mail`: name, name format, friendly name. */
function claim(text: string): ClaimOption {
  const semicolon = text.indexOf(';');
  const friendlyName = semicolon < 0 ? undefined : text.slice(semicolon + 1);
  if (friendlyName === '') throw new InvalidArgumentError('A friendly name must follow the semicolon.');
  const full = semicolon < 0 ? text : text.slice(0, semicolon);
  const colon = full.lastIndexOf(':');
  const format = full.slice(colon + 1);
  const known = colon > 0 && names.includes(format);
  return {
    name: known ? full.slice(0, colon) : full,
    nameFormat: known ? format : 'basic',
    ...(friendlyName === undefined ? {} : { friendlyName }),
  };
}

type ConstantClaim = ClaimOption & { values: string[] };

/** `Tenant=riverton`; the same claim again adds a value to it. `none` alone removes all of them. */
function constantClaim(text: string, all: ConstantClaim[] = []): ConstantClaim[] {
  if (text === 'none') return [];
  const equals = text.indexOf('=');
  const value = text.slice(equals + 1);
  if (equals < 1 || value === '') {
    throw new InvalidArgumentError(`"${text}" is wrong. It must be <claim>=<value>, e.g. Tenant=riverton, or none.`);
  }
  const given = claim(text.slice(0, equals));
  const known = all.find(({ name }) => name === given.name);
  if (known === undefined) return [...all, { ...given, values: [value] }];
  return all.map((one) => (one === known ? { ...one, values: [...one.values, value] } : one));
}

const claimHelp = (what: string, name: string) =>
  `claim of the ${what}: <name>[:${names.join('|')}][;<friendly name>] (default: ${name})`;

/** Adds the options for a biller's settings. Absent options leave a setting unchanged. */
export function addSettingsOptions(command: Command): Command {
  return addSignInOptions(command)
    .option('--login-type <role=number,...>', 'login types by role, e.g. owner=1,co-owner=5', roleMapping)
    .option('--default-login-type <number>', 'login type of every other role (default: 5)', wholeNumber)
    .option('--email-claim <claim>', claimHelp('email address', 'Email'), claim)
    .option('--login-type-claim <claim>', claimHelp('login type', 'LoginType'), claim)
    .option('--account-number-claim <claim>', claimHelp('account number', 'AccountNumber'), claim)
    .option('--no-account-number', 'send no account number')
    .addOption(
      new Option('--accounts <which>', 'accounts in the account number claim (default: chosen)').choices([
        ...ACCOUNT_CHOICES,
      ]),
    )
    .option(
      '--constant-claim <claim=value>',
      'claim with a fixed value; repeatable, also for several values; none: remove them',
      constantClaim,
    )
    .addOption(
      new Option(
        '--name-id-format <format>',
        'NameID unless the request asks for another (default: emailAddress)',
      ).choices(Object.keys(NAME_ID_FORMATS)),
    )
    .addOption(new Option('--sign <what>', 'what is signed (default: both)').choices([...SIGN_CHOICES]))
    .addOption(
      new Option('--request-signature <policy>', 'whether requests must be signed (default: as-metadata)').choices([
        ...SIGNATURE_POLICIES,
      ]),
    )
    .addOption(
      new Option('--encrypt <when>', 'whether assertions are encrypted (default: as-metadata)').choices([
        ...ENCRYPT_CHOICES,
      ]),
    )
    .addOption(
      new Option('--encryption-algorithm <algorithm>', 'how they are encrypted (default: aes256-gcm)').choices([
        ...DATA_ENCRYPTION_ALGORITHMS,
      ]),
    )
    .option('--unsolicited', 'accept sign-ons without a request at the SSO Service URL (default: off)')
    .option('--no-unsolicited', 'take none')
    .option(
      '--unsolicited-relay-state <text>',
      'RelayState of unsolicited sign-ons; none: no RelayState (default: none)',
    )
    .option('--sign-metadata', 'sign the IdP metadata (default: off)')
    .option('--no-sign-metadata', 'do not sign it')
    .addOption(
      new Option('--rotation <way>', 'how a new certificate gets to Invoice Cloud (default: switch-on-fetch)').choices([
        ...ROTATION_CHOICES,
      ]),
    )
    .option(
      '--monitor <who>',
      'address, network or part of the User-Agent of our own monitoring that fetches metadata; repeatable',
      collect,
    )
    .option(
      '--metadata-client <who>',
      'address, network or part of the User-Agent of the Service Provider: only its metadata fetches count; repeatable',
      collect,
    )
    .option(
      '--stage-before <days>',
      'stage a key automatically this many days before the active certificate expires; never: do not (default: never)',
      (text) => (text === 'never' ? null : wholeNumber(text)),
    )
    .addOption(
      new Option('--expired-key <what>', 'what to do when the active certificate has expired (default: sign)').choices([
        ...EXPIRED_KEY_CHOICES,
      ]),
    )
    .addOption(
      new Option(
        '--refresh-metadata <which>',
        'SP metadata at its URL has changed: only report it, or take it over if it is signed (default: report)',
      ).choices([...REFRESH_CHOICES]),
    )
    .option(
      '--metadata-signing-certificate <file>',
      'certificate of the key that signs the SP metadata (PEM, DER or PKCS#7); repeatable',
      certificateText,
    )
    .addOption(
      new Option('--view-mode <mode>', 'ViewMode of links: 0 full page, 1 iframe (default: 0)').choices(['0', '1']),
    )
    .option('--redirect-link-base <origin>', 'where redirect links start (default: https://sso.invoicecloud.com)')
    .option('--acs-redirect-origin <origin>', 'origin that the ACS redirects to, besides its own; repeatable', collect)
    .option(
      '--portal-url <url>',
      'page of the portal that errors lead back to; repeatable: the origins of all may frame our pages, and launches may lead back to them; none: no such page (default: none)',
      collect,
    )
    .option(
      '--contact-url <url>',
      'page where portal users get help, linked on every page; none: no link (default: none)',
    )
    .option('--contact-email <email>', 'email address for their questions; none: show none (default: none)')
    .option('--contact-phone <number>', 'telephone number for their questions; none: show none (default: none)')
    .option('--privacy-url <url>', 'privacy notice, linked on every page; none: no link (default: none)')
    .option('--assertion-lifetime <seconds>', 'lifetime of an assertion (default: 300)', wholeNumber)
    .option('--clock-skew <seconds>', 'how far clocks may differ (default: 60)', wholeNumber)
    .option('--request-max-age <seconds>', 'how old a sign-on request may be (default: 300)', wholeNumber)
    .option('--relay-state-max <bytes>', 'longest RelayState (default: 1024)', wholeNumber)
    .option('--session-idle <minutes>', 'a session ends after this long without use (default: 30)', wholeNumber)
    .option('--session-lifetime <minutes>', 'a session ends after this long in any case (default: 480)', wholeNumber);
}

/** The first one is where errors lead back to. Given ones replace all that were registered before. */
function portalUrls(given: readonly string[] | undefined) {
  if (given === undefined) return {};
  const [portalUrl = null, ...furtherPortalUrls] = given.filter((url) => url !== 'none');
  return { portalUrl, furtherPortalUrls };
}

type Options = Readonly<Record<string, unknown>>;

const orNone = (given: unknown) => (given === 'none' ? null : given);

/** @param options as commander read them @returns the settings among them, by their names in the database */
export function settingsFrom(options: Options): Record<string, unknown> {
  const settings: Record<string, unknown> = {
    loginTypes: options.loginType,
    defaultLoginType: options.defaultLoginType,
    emailClaim: options.emailClaim,
    loginTypeClaim: options.loginTypeClaim,
    accountNumberClaim: options.accountNumber === false ? null : options.accountNumberClaim,
    accounts: options.accounts,
    constantClaims: options.constantClaim,
    nameIdFormat: options.nameIdFormat,
    sign: options.sign,
    requestSignature: options.requestSignature,
    encrypt: options.encrypt,
    encryptionAlgorithm: options.encryptionAlgorithm,
    unsolicited: options.unsolicited,
    unsolicitedRelayState: orNone(options.unsolicitedRelayState),
    signMetadata: options.signMetadata,
    rotation: options.rotation,
    stageDaysBefore: options.stageBefore,
    expiredKey: options.expiredKey,
    monitors: options.monitor,
    metadataClients: options.metadataClient,
    refreshMetadata: options.refreshMetadata,
    metadataSigningCertificates: options.metadataSigningCertificate,
    viewMode: options.viewMode === undefined ? undefined : Number(options.viewMode),
    redirectLinkBase: options.redirectLinkBase,
    acsRedirectOrigins: options.acsRedirectOrigin,
    ...portalUrls(options.portalUrl as readonly string[] | undefined),
    contactUrl: orNone(options.contactUrl),
    contactEmail: orNone(options.contactEmail),
    contactPhone: orNone(options.contactPhone),
    privacyUrl: orNone(options.privacyUrl),
    assertionLifetimeSeconds: options.assertionLifetime,
    clockSkewSeconds: options.clockSkew,
    requestMaxAgeSeconds: options.requestMaxAge,
    relayStateMaxBytes: options.relayStateMax,
    ...signInSettingsFrom(options),
    sessionIdleMinutes: options.sessionIdle,
    sessionLifetimeMinutes: options.sessionLifetime,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
