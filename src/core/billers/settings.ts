import { z } from 'zod';
import { ATTRIBUTE_NAME_FORMATS, NAME_ID_FORMATS, type NameIdFormat } from '../../protocols/saml/names.ts';
import { DATA_ENCRYPTION_ALGORITHMS } from '../../protocols/saml/signatures/algorithms.ts';
import { SIGN_CHOICES } from '../../protocols/saml/writing/response.ts';

/**
 * Everything about a biller that is assumed of Invoice Cloud or agreed with it, in one place. The defaults are the
 * assumptions; every one can be changed per biller without touching code. `docs/assumptions.md` is made from this schema.
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
/** How a new certificate gets to the Service Provider. */
export const ROTATION_CHOICES = ['overlap', 'switch-on-fetch'] as const;
/** What an active key does whose certificate has expired. */
export const EXPIRED_KEY_CHOICES = ['sign', 'refuse'] as const;
export const ACCOUNT_CHOICES = ['chosen', 'all'] as const;

const loginType = z.number().int().min(1).max(99);
const seconds = (minimum: number, maximum: number, value: number) =>
  z.number().int().min(minimum).max(maximum).default(value);

export const billerSettingsSchema = z.strictObject({
  emailClaim: claim('Email').meta({
    assumed: 'Invoice Cloud finds the email address in the attribute `Email`, name format basic.',
  }),
  loginTypeClaim: claim('LoginType').meta({
    assumed: 'Invoice Cloud finds the login type in the attribute `LoginType`, name format basic.',
  }),
  accountNumberClaim: claim('AccountNumber').nullable().meta({
    assumed:
      'Invoice Cloud takes the account number from the attribute `AccountNumber` and compares it with the redirect link. Optional: a biller may go without.',
  }),
  constantClaims: z
    .array(claimSchema.extend({ values: z.array(words(1024)).min(1).max(50) }))
    .max(50)
    .default([])
    .meta({
      assumed: 'Invoice Cloud needs no other claims. Ones with fixed values can be added.',
    }),
  accounts: z.enum(ACCOUNT_CHOICES).default('chosen').meta({
    assumed:
      'The account number claim carries the one account that the sign-on is for. It can carry all accounts of the portal user instead, as several values; nobody is asked then.',
  }),
  defaultLoginType: loginType.default(5).meta({
    assumed: 'Login type 5 is right for everybody unless the biller maps otherwise.',
  }),
  loginTypes: z.record(z.string(), loginType).default({}).meta({
    assumed: 'Roles are mapped to login types per biller; 1 stands for the owner of an account.',
  }),
  nameIdFormat: z
    .enum(Object.keys(NAME_ID_FORMATS) as [NameIdFormat])
    .default('emailAddress')
    .meta({
      assumed:
        'Invoice Cloud takes the email address as NameID, unless its request asks for another format, or its SP metadata lists only others when the biller is added.',
    }),
  sign: z.enum(SIGN_CHOICES).default('both').meta({
    assumed:
      'What Invoice Cloud wants signed is not known; both assertion and Response are signed, which every Service Provider accepts.',
  }),
  requestSignature: z.enum(SIGNATURE_POLICIES).default('as-metadata').meta({
    assumed:
      'Invoice Cloud signs its requests if its SP metadata says so (AuthnRequestsSigned). A signature that comes is always verified.',
  }),
  encrypt: z.enum(ENCRYPT_CHOICES).default('as-metadata').meta({
    assumed:
      'Invoice Cloud wants encrypted assertions if its SP metadata has a certificate marked for encryption (use="encryption").',
  }),
  encryptionAlgorithm: z.enum(DATA_ENCRYPTION_ALGORITHMS).default('aes256-gcm').meta({
    assumed:
      'Where assertions are encrypted, AES-256-GCM and RSA-OAEP are understood. What the SP metadata lists goes before; CBC and RSA 1.5 are never used.',
  }),
  unsolicited: z.boolean().default(false).meta({
    assumed: 'Sign-ons start at Invoice Cloud, with a request. An unsolicited Response is not wanted.',
  }),
  unsolicitedRelayState: z.string().max(1024).nullable().default(null).meta({
    assumed: 'An unsolicited Response carries no RelayState unless one is agreed.',
  }),
  signMetadata: z.boolean().default(false).meta({
    assumed: 'Invoice Cloud trusts IdP metadata because it comes over TLS, and needs no signature on it.',
  }),
  rotation: z.enum(ROTATION_CHOICES).default('overlap').meta({
    assumed:
      'Invoice Cloud honours every certificate that it was shown (overlap). If it keeps only one, the new key must become active at the moment it is fetched (switch-on-fetch).',
  }),
  monitors: z.array(z.string().min(3).max(200)).max(50).default([]).meta({
    assumed:
      'Whoever fetches the IdP metadata is the other side, unless the address or the User-Agent belongs to a probe of our own.',
  }),
  metadataClients: z.array(z.string().min(3).max(200)).max(50).default([]).meta({
    assumed:
      'Where Invoice Cloud fetches the IdP metadata from is not known, so every fetch counts. If it is known, only fetches from there do.',
  }),
  stageDaysBefore: z.number().int().min(1).max(365).nullable().default(null).meta({
    assumed:
      'Rotations are begun by an operator. A key can be staged by itself so many days before the active certificate ends; it is never activated by itself.',
  }),
  expiredKey: z.enum(EXPIRED_KEY_CHOICES).default('sign').meta({
    assumed:
      'Invoice Cloud compares the certificate and does not look at its dates, as most Service Providers do: an expired active key goes on signing rather than locking everybody out.',
  }),
  viewMode: z
    .union([z.literal(0), z.literal(1)])
    .default(0)
    .meta({
      assumed: 'ViewMode 0 is the full page, 1 is for an iframe; links take 0 unless told otherwise.',
    }),
  redirectLinkBase: z.string().default('https://sso.invoicecloud.com').meta({
    assumed: 'Redirect links start at `https://sso.invoicecloud.com/saml/<BillerGUID>`.',
  }),
  acsRedirectOrigins: z.array(z.string()).default([]).meta({
    assumed:
      'After the ACS took the Response, Invoice Cloud redirects within the origin of the ACS. Other origins on that way must be listed, or the browser stops there (CSP form-action).',
  }),
  portalUrl: z.string().nullable().default(null).meta({
    assumed: 'The portal page that errors lead back to; also the only page that may frame ours.',
  }),
  assertionLifetimeSeconds: seconds(30, 300, 300).meta({
    assumed: 'Five minutes are enough for the Response to arrive.',
  }),
  clockSkewSeconds: seconds(0, 300, 60).meta({
    assumed: 'The clocks of both sides agree within a minute.',
  }),
  requestMaxAgeSeconds: seconds(30, 3600, 300).meta({
    assumed: 'A sign-on request reaches us within five minutes.',
  }),
  relayStateMaxBytes: z.number().int().min(80).max(8192).default(1024).meta({
    assumed:
      'RelayState is no longer than 1,024 bytes; the 80 of the standard (SAML bindings, 3.4.3) are too few for real Service Providers.',
  }),
  sessionIdleMinutes: z.number().int().min(1).max(1440).default(30).meta({
    assumed: 'The portal agrees that whoever was away for half an hour signs in again before the next sign-on.',
  }),
  sessionLifetimeMinutes: z.number().int().min(1).max(10_080).default(480).meta({
    assumed:
      'One sign-in is good for a working day of eight hours. Invoice Cloud keeps a session of its own, which this does not end.',
  }),
});

export type BillerSettings = z.infer<typeof billerSettingsSchema>;
