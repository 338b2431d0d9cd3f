import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { type Biller, billerUrls, openidUrls, requiresSignature } from '../../../core/billers/biller.ts';
import { encryptionFor } from '../../../core/billers/encryption.ts';
import { listedClaims } from '../../../core/billers/listed-claims.ts';
import { billerSettingsSchema } from '../../../core/billers/settings.ts';
import { DESTINATIONS } from '../../../protocols/invoice-cloud/destinations.ts';
import { buildRedirectLink } from '../../../protocols/invoice-cloud/redirect-link.ts';
import { NAME_ID_FORMATS } from '../../../protocols/saml/names.ts';
import type { ServiceProvider } from '../../../protocols/saml/sp-metadata/service-provider.ts';
import type { Uses } from '../services.ts';
import { requireBiller } from './require-biller.ts';

/** A placeholder in the test link, to be replaced by a real account. */
const EXAMPLE_ACCOUNT = '101Invoice';

/** Each certificate of the Service Provider once, with its use: one without a declared use serves both. */
function certificatesOf({ signingCertificates, encryptionCertificates }: ServiceProvider) {
  return [...new Set([...signingCertificates, ...encryptionCertificates])].map((text) => {
    const { fingerprint256, validToDate } = new X509Certificate(Buffer.from(text, 'base64'));
    const signs = signingCertificates.includes(text);
    const encrypts = encryptionCertificates.includes(text);
    return {
      use: signs && encrypts ? 'signing and encryption' : signs ? 'signing' : 'encryption',
      fingerprintSha256: fingerprint256,
      validTo: validToDate.toISOString(),
    };
  });
}

const words = z.string();

/** What Invoice Cloud's onboarding staff needs to set a biller up, and to test it. */
export const billerViewSchema = z.object({
  slug: words,
  name: words,
  billerGuid: words,
  entityId: words,
  metadataUrl: words,
  ssoUrl: words,
  certificateUrl: words,
  certificate: z.object({ fingerprintSha256: words, fingerprintSha1: words, validTo: z.iso.datetime() }).optional(),
  nameIdFormat: words,
  /** The Service Provider lists formats, but not this one. */
  nameIdFormatUnlisted: z.boolean(),
  claims: z.array(z.object({ meaning: words, name: words, nameFormat: words })),
  loginTypes: z.record(words, z.number()),
  sign: billerSettingsSchema.shape.sign,
  serviceProvider: z.object({
    entityId: words,
    acs: z.array(z.object({ url: words, index: z.number(), isDefault: z.boolean() })),
    metadataUrl: words.optional(),
    signedRequests: words,
    certificates: z.array(z.object({ use: words, fingerprintSha256: words, validTo: z.iso.datetime() })),
    encryption: words,
    /** The Service Provider does not say what it can decrypt. */
    encryptionAssumed: z.boolean(),
  }),
  /** What the OpenID Connect provider must know of us. */
  openid: z.object({ callback: words, signedOut: words, backchannelLogout: words }),
  testLink: words,
  settings: billerSettingsSchema,
});

/** @throws InputError if there is no such biller */
export async function viewOf(services: Uses<'billers' | 'keys' | 'publicUrl'>, slug: string) {
  const biller = await requireBiller(services, slug);
  return billerView(biller, await services.keys.ofBiller(biller.id), services.publicUrl);
}

export function billerView(
  biller: Biller,
  { active }: { readonly active?: { readonly signer: { readonly certificate: string } } | undefined },
  publicUrl: string,
): z.input<typeof billerViewSchema> {
  const { settings, serviceProvider } = biller;
  const encryption = encryptionFor(biller);
  const { nameIdFormats } = serviceProvider;
  const nameIdFormat: string = NAME_ID_FORMATS[settings.nameIdFormat];
  const certificate = active && new X509Certificate(Buffer.from(active.signer.certificate, 'base64'));
  return {
    slug: biller.slug,
    name: biller.name,
    billerGuid: biller.billerGuid,
    entityId: biller.entityId,
    metadataUrl: biller.metadataUrl,
    ssoUrl: biller.ssoUrl,
    certificateUrl: billerUrls(publicUrl, biller.slug).certificateUrl,
    certificate: certificate && {
      fingerprintSha256: certificate.fingerprint256,
      fingerprintSha1: certificate.fingerprint,
      validTo: certificate.validToDate.toISOString(),
    },
    nameIdFormat,
    nameIdFormatUnlisted:
      nameIdFormats.length > 0 &&
      !nameIdFormats.some((uri) => [nameIdFormat, NAME_ID_FORMATS.unspecified].includes(uri)),
    claims: listedClaims(settings),
    loginTypes: { ...settings.loginTypes, 'everybody else': settings.defaultLoginType },
    sign: settings.sign,
    serviceProvider: {
      entityId: serviceProvider.entityId,
      acs: serviceProvider.acs,
      metadataUrl: serviceProvider.metadataUrl,
      signedRequests: `${requiresSignature(biller) ? 'required' : 'verified if signed'}, with SHA-256 or better`,
      certificates: certificatesOf(serviceProvider),
      encryption: encryption?.dataAlgorithm ?? 'none',
      encryptionAssumed: encryption !== undefined && serviceProvider.encryptionMethods.length === 0,
    },
    openid: openidUrls(publicUrl, biller.slug),
    testLink: buildRedirectLink({
      base: settings.redirectLinkBase,
      billerGuid: biller.billerGuid,
      account: EXAMPLE_ACCOUNT,
      viewMode: settings.viewMode,
      destination: DESTINATIONS.autopay,
    }),
    settings,
  };
}
