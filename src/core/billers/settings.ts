import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { ATTRIBUTE_NAME_FORMATS, NAME_ID_FORMATS, type NameIdFormat } from '../../protocols/saml/names.ts';
import { DATA_ENCRYPTION_ALGORITHMS } from '../../protocols/saml/signatures/algorithms.ts';
import { SIGN_CHOICES } from '../../protocols/saml/writing/response.ts';
import { ROLE } from '../portal-users/role.ts';

/**
 * Everything that is assumed about Invoice Cloud or agreed with it for a biller, in one place. The defaults are the
 * assumptions; each can be changed per biller without a code change. `docs/assumptions.md` is generated from this
 * schema.
 */

const words = (maximum: number) => z.string().min(1).max(maximum);
const claimSchema = z.strictObject({
  name: words(255),
  nameFormat: z.enum(Object.keys(ATTRIBUTE_NAME_FORMATS) as [keyof typeof ATTRIBUTE_NAME_FORMATS]),
  friendlyName: words(255).optional(),
});
const claim = (name: string) => claimSchema.default({ name, nameFormat: 'basic' });

/** Whether a biller's Service Provider must sign its requests, and whether assertions are encrypted for it. */
export const SIGNATURE_POLICIES = ['as-metadata', 'required', 'if-present'] as const;
export const ENCRYPT_CHOICES = ['as-metadata', 'always', 'never'] as const;
/** How the Service Provider gets a new certificate. */
export const ROTATION_CHOICES = ['overlap', 'switch-on-fetch'] as const;
/** What happens when the active key's certificate has expired. */
export const EXPIRED_KEY_CHOICES = ['sign', 'refuse'] as const;
/** What happens when the SP metadata at its URL has changed. */
export const REFRESH_CHOICES = ['report', 'signed'] as const;
export const ACCOUNT_CHOICES = ['chosen', 'all'] as const;
/** Where portal users sign in who did not come by a launch. */
export const SIGN_IN_CHOICES = ['directory', 'oidc'] as const;
/** How we prove who we are to an OpenID Connect provider (OpenID Connect Core, 9). */
export const CLIENT_AUTH_CHOICES = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;

/** Characters of a link on our pages. */
const MAX_LINK = 1000;

const loginType = z.number().int().min(1).max(99);
const seconds = (minimum: number, maximum: number, value: number) =>
  z.number().int().min(minimum).max(maximum).default(value);

export const billerSettingsSchema = z.strictObject({
  emailClaim: claim('Email').meta({
    assumed: 'Invoice Cloud reads the email address from the attribute `Email`, name format basic.',
  }),
  loginTypeClaim: claim('LoginType').meta({
    assumed: 'Invoice Cloud reads the login type from the attribute `LoginType`, name format basic.',
  }),
  accountNumberClaim: claim('AccountNumber').nullable().meta({
    assumed:
      'Invoice Cloud reads the account number from the attribute `AccountNumber` and compares it with the redirect link. It is optional for each biller.',
  }),
  constantClaims: z
    .array(claimSchema.extend({ values: z.array(words(1024)).min(1).max(50) }))
    .max(50)
    .default([])
    .meta({
      assumed: 'Invoice Cloud needs no other claims. Claims with fixed values can be added.',
    }),
  accounts: z.enum(ACCOUNT_CHOICES).default('chosen').meta({
    assumed:
      'The account number claim contains the account that the sign-on is for. It can contain all of the portal user’s accounts instead, as several values; portal users are then not asked to choose one.',
  }),
  defaultLoginType: loginType.default(5).meta({
    assumed: 'Login type 5 is right for everyone unless the biller maps roles differently.',
  }),
  loginTypes: z.record(z.string(), loginType).default({}).meta({
    assumed: 'Each biller maps roles to login types; 1 is the owner of an account.',
  }),
  nameIdFormat: z
    .enum(Object.keys(NAME_ID_FORMATS) as [NameIdFormat])
    .default('emailAddress')
    .meta({
      assumed:
        'The NameID is the email address, unless Invoice Cloud’s request asks for another format, or its SP metadata lists only other formats when the biller is added.',
    }),
  sign: z.enum(SIGN_CHOICES).default('both').meta({
    assumed:
      'It is not known what Invoice Cloud requires to be signed. Both the assertion and the Response are signed, which every Service Provider accepts.',
  }),
  requestSignature: z.enum(SIGNATURE_POLICIES).default('as-metadata').meta({
    assumed:
      'Invoice Cloud signs its requests if its SP metadata says so (AuthnRequestsSigned). Any signature it sends is always verified.',
  }),
  encrypt: z.enum(ENCRYPT_CHOICES).default('as-metadata').meta({
    assumed:
      'Invoice Cloud wants encrypted assertions if its SP metadata has a certificate marked for encryption (use="encryption").',
  }),
  encryptionAlgorithm: z.enum(DATA_ENCRYPTION_ALGORITHMS).default('aes256-gcm').meta({
    assumed:
      'If assertions are encrypted, Invoice Cloud supports AES-256-GCM and RSA-OAEP. Algorithms listed in the SP metadata take precedence; CBC and RSA 1.5 are never used.',
  }),
  unsolicited: z.boolean().default(false).meta({
    assumed: 'Sign-ons start at Invoice Cloud, with a request. Unsolicited Responses are not wanted.',
  }),
  unsolicitedRelayState: z.string().max(1024).nullable().default(null).meta({
    assumed: 'An unsolicited Response has no RelayState unless one was agreed on.',
  }),
  signMetadata: z.boolean().default(false).meta({
    assumed: 'Invoice Cloud trusts IdP metadata because it is fetched over TLS, and does not need it signed.',
  }),
  rotation: z.enum(ROTATION_CHOICES).default('switch-on-fetch').meta({
    assumed:
      'Invoice Cloud copies the certificate at the moment it fetches the metadata, so a new key becomes active at that moment (switch-on-fetch). If it keeps several certificates, the new one can be published beside the old one before it signs (overlap).',
  }),
  monitors: z.array(z.string().min(3).max(200)).max(50).default([]).meta({
    assumed:
      'Every client that fetches the IdP metadata is the Service Provider, unless its address or User-Agent is listed as one of our own monitors.',
  }),
  metadataClients: z.array(z.string().min(3).max(200)).max(50).default([]).meta({
    assumed:
      'It is not known from where Invoice Cloud fetches the IdP metadata, so every fetch counts. If its addresses are listed, only fetches from them count.',
  }),
  stageDaysBefore: z.number().int().min(1).max(365).nullable().default(null).meta({
    assumed:
      'Operators start rotations. A key can be staged automatically this many days before the active certificate expires; it is never activated automatically.',
  }),
  expiredKey: z.enum(EXPIRED_KEY_CHOICES).default('sign').meta({
    assumed:
      'Like most Service Providers, Invoice Cloud compares certificates without checking their dates. An expired active key keeps signing, rather than locking everyone out.',
  }),
  refreshMetadata: z.enum(REFRESH_CHOICES).default('report').meta({
    assumed:
      'If Invoice Cloud changes its SP metadata, an operator decides. Changes can be taken over automatically if the metadata is signed by an agreed key, says how long it is valid, and has the same entity ID.',
  }),
  /** DER in base64. */
  metadataSigningCertificates: z.array(z.string()).max(10).default([]).meta({
    assumed: 'Invoice Cloud does not sign its SP metadata, or its key for that is not known.',
  }),
  viewMode: z
    .union([z.literal(0), z.literal(1)])
    .default(0)
    .meta({
      assumed: 'ViewMode 0 is the full page, 1 is for an iframe; links use 0 by default.',
    }),
  redirectLinkBase: z.string().default('https://sso.invoicecloud.com').meta({
    assumed: 'Redirect links start at `https://sso.invoicecloud.com/saml/<BillerGUID>`.',
  }),
  acsRedirectOrigins: z.array(z.string()).default([]).meta({
    assumed:
      'After the ACS accepts the Response, Invoice Cloud redirects only within the origin of the ACS. Any other origins in the redirect chain must be listed, or the browser blocks them (CSP form-action).',
  }),
  portalUrl: z.string().nullable().default(null).meta({
    assumed: 'Error pages link back to the portal, and only the portal may frame our pages.',
  }),
  furtherPortalUrls: z.array(z.string()).max(20).default([]).meta({
    assumed:
      'The portal has one origin. Further ones can be listed: they may frame our pages, and a launch may lead back to them.',
  }),
  contactUrl: z.string().max(MAX_LINK).nullable().default(null).meta({
    assumed: 'Pages tell portal users to ask the utility. They say where only if the biller has said so.',
  }),
  contactEmail: z.string().max(254).nullable().default(null).meta({
    assumed: 'Pages show no email address for help unless the biller has one for portal users.',
  }),
  contactPhone: z.string().max(40).nullable().default(null).meta({
    assumed: 'Pages show no telephone number for help unless the biller has one for portal users.',
  }),
  privacyUrl: z.string().max(MAX_LINK).nullable().default(null).meta({
    assumed: 'The portal shows its privacy notice. Our pages link to it only if the biller wants that.',
  }),
  assertionLifetimeSeconds: seconds(30, 300, 300).meta({
    assumed: 'Five minutes are enough for the Response to arrive.',
  }),
  clockSkewSeconds: seconds(0, 300, 60).meta({
    assumed: 'Our clock and the Service Provider’s agree within a minute.',
  }),
  requestMaxAgeSeconds: seconds(30, 3600, 300).meta({
    assumed: 'A sign-on request reaches us within five minutes.',
  }),
  relayStateMaxBytes: z.number().int().min(80).max(8192).default(1024).meta({
    assumed:
      'RelayState is no longer than 1,024 bytes; the standard’s 80 (SAML bindings, 3.4.3) are too few for real Service Providers.',
  }),
  signIn: z.enum(SIGN_IN_CHOICES).default('directory').meta({
    assumed:
      'Portal users who did not come by a launch sign in here, with a password of the embedded directory. The portal’s OpenID Connect provider can say who they are instead (oidc).',
  }),
  oidcIssuer: z.string().max(MAX_LINK).nullable().default(null).meta({
    assumed: 'The portal has no OpenID Connect provider, unless its issuer is given.',
  }),
  oidcClientId: words(255).nullable().default(null).meta({
    assumed: 'The provider gives us a client ID of our own for each biller.',
  }),
  oidcClientAuth: z.enum(CLIENT_AUTH_CHOICES).default('client_secret_basic').meta({
    assumed: 'The provider takes the client secret by HTTP Basic, which every provider must support.',
  }),
  oidcScopes: words(500).default('openid email').meta({
    assumed: 'The scopes `openid` and `email` give the claims that are needed.',
  }),
  oidcEmailClaim: words(255).default('email').meta({
    assumed: 'The provider states the email address in the claim `email`.',
  }),
  oidcUnverifiedEmail: z.boolean().default(false).meta({
    assumed: 'Only an email address that the provider has verified (`email_verified`) is passed on to Invoice Cloud.',
  }),
  oidcAccountsClaim: words(255).nullable().default(null).meta({
    assumed:
      'The provider does not state accounts: the portal gives them by the API or an import, for the `sub` of each user. If it does, a claim can be named: account numbers, or objects with `number` and `role`.',
  }),
  oidcDefaultRole: z
    .string()
    .regex(ROLE, 'must begin with a letter, and have at most 40 letters, digits, _ and -')
    .default('user')
    .meta({
      assumed: 'An account that the provider states without a role has the role `user`, and so the default login type.',
    }),
  oidcAcr: z.record(words(255), words(255)).default({}).meta({
    assumed:
      'How the provider authenticates is not known, so assertions say `unspecified`. Its `acr` values can be mapped to AuthnContext classes.',
  }),
  sessionIdleMinutes: z.number().int().min(1).max(1440).default(30).meta({
    assumed: 'The portal accepts that users who were idle for half an hour must sign in again before the next sign-on.',
  }),
  sessionLifetimeMinutes: z.number().int().min(1).max(10_080).default(480).meta({
    assumed:
      'One sign-in is valid for a working day of eight hours. Invoice Cloud has its own session, which this does not end.',
  }),
});

export type BillerSettings = z.infer<typeof billerSettingsSchema>;

/**
 * As they are stored: without settings of a later version, which may have written them during an upgrade. A biller that
 * was stored before there was a choice keeps the rotation of that time.
 */
export const storedSettingsSchema = z.object({
  ...billerSettingsSchema.shape,
  rotation: billerSettingsSchema.shape.rotation.unwrap().default('overlap'),
});

/**
 * Settings that version 0.2.0 does not know. It refuses them, and may still be running while instances are replaced, so
 * they are stored only where they differ from their defaults.
 */
const SINCE_0_2_0 = [
  'refreshMetadata',
  'metadataSigningCertificates',
  'furtherPortalUrls',
  'contactUrl',
  'contactEmail',
  'contactPhone',
  'privacyUrl',
  'signIn',
  'oidcIssuer',
  'oidcClientId',
  'oidcClientAuth',
  'oidcScopes',
  'oidcEmailClaim',
  'oidcUnverifiedEmail',
  'oidcAccountsClaim',
  'oidcDefaultRole',
  'oidcAcr',
] as const;

/** @returns the settings as they are stored; what is left out has its default */
export function toStored(settings: BillerSettings): BillerSettings {
  const defaults = billerSettingsSchema.parse({});
  const left = SINCE_0_2_0.filter((name) => isDeepStrictEqual(settings[name], defaults[name]));
  const entries = Object.entries(settings).filter(([name]) => !left.some((one) => one === name));
  return Object.fromEntries(entries) as BillerSettings;
}
