import type { ServiceProvider } from '../../protocols/saml/sp-metadata/service-provider.ts';
import { type BillerSettings, storedSettingsSchema } from './settings.ts';
import type { BillerRow } from './store.ts';

/** A biller as used for a sign-on. */
export interface Biller {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly billerGuid: string;
  /** Its metadata URL when it was added; it stays when the installation moves to another address. */
  readonly entityId: string;
  readonly metadataUrl: string;
  readonly ssoUrl: string;
  readonly serviceProvider: ServiceProvider;
  readonly settings: BillerSettings;
  /** Who may frame the pages that this biller's portal users see, and where launches may lead back to: only their portal. */
  readonly portalOrigins: readonly string[];
  readonly pairwiseSalt: Buffer;
  /** Changes with every change of the biller. */
  readonly version: string;
}

/** Slugs are used in URLs and on the command line. */
export const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** The URLs of a biller. */
export function billerUrls(publicUrl: string, slug: string) {
  const base = `${publicUrl}/saml/${slug}`;
  return { metadataUrl: `${base}/metadata`, ssoUrl: `${base}/sso`, certificateUrl: `${base}/certificate.pem` };
}

/** Our URLs that a biller's OpenID Connect provider must know. */
export function openidUrls(publicUrl: string, slug: string) {
  const base = `${publicUrl}/login/${slug}`;
  return {
    callback: `${base}/callback`,
    signedOut: `${base}/signed-out`,
    backchannelLogout: `${base}/backchannel-logout`,
  };
}

/** The origins of the biller's portal, if it has one. */
export function portalOriginsOf({
  portalUrl,
  furtherPortalUrls,
}: Pick<BillerSettings, 'portalUrl' | 'furtherPortalUrls'>): string[] {
  const urls = [...(portalUrl === null ? [] : [portalUrl]), ...furtherPortalUrls];
  return [...new Set(urls.map((url) => new URL(url).origin))];
}

/** Builds the biller from its row. Settings that were added in a later version get their defaults. */
export function toBiller(row: BillerRow, publicUrl: string): Biller {
  const { metadataUrl, ssoUrl } = billerUrls(publicUrl, row.slug);
  const settings = storedSettingsSchema.parse(row.settings);
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    billerGuid: row.billerGuid,
    entityId: row.entityId ?? metadataUrl,
    metadataUrl,
    ssoUrl,
    serviceProvider: row.serviceProvider,
    settings,
    portalOrigins: portalOriginsOf(settings),
    pairwiseSalt: row.pairwiseSalt,
    version: row.version,
  };
}

/**
 * Tells whether the Service Provider must sign its requests: by the biller's setting, or according to the SP metadata.
 */
export function requiresSignature({
  settings,
  serviceProvider,
}: Pick<Biller, 'settings' | 'serviceProvider'>): boolean {
  if (settings.requestSignature === 'as-metadata') return serviceProvider.authnRequestsSigned;
  return settings.requestSignature === 'required';
}
