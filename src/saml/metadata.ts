import { hash } from 'node:crypto';
import { escapeAttribute, escapeText } from './escape.ts';
import { formatInstant } from './instant.ts';
import { BINDING_POST, BINDING_REDIRECT, METADATA, PROTOCOL, XMLDSIG } from './names.ts';

/** What a biller's IdP metadata tells. */
export interface IdpMetadataContent {
  readonly entityId: string;
  readonly ssoUrl: string;
  /** Certificates as base64 DER, the active one first: some Service Providers keep only the first. */
  readonly certificates: readonly string[];
  /** URIs, the agreed one first. */
  readonly nameIdFormats: readonly string[];
  readonly organizationName: string;
  readonly organizationUrl: string;
  /** Milliseconds since 1970. */
  readonly validUntil: number;
}

const CACHE_DURATION = 'PT6H';

const keyDescriptor = (certificate: string): string =>
  `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${XMLDSIG}"><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`;

/**
 * Writes IdP metadata (SAML metadata, 2.3.2 and 2.4.3). The same content gives the same bytes: nothing in it depends on
 * when it is written.
 *
 * @throws UnwritableTextError for a name that XML can't carry
 */
export function writeIdpMetadata(content: IdpMetadataContent): string {
  const ssoService = (binding: string) =>
    `<md:SingleSignOnService Binding="${binding}" Location="${escapeAttribute(content.ssoUrl)}"/>`;
  const name = escapeText(content.organizationName);
  const body =
    `<md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="${PROTOCOL}">` +
    content.certificates.map(keyDescriptor).join('') +
    content.nameIdFormats.map((format) => `<md:NameIDFormat>${escapeText(format)}</md:NameIDFormat>`).join('') +
    ssoService(BINDING_REDIRECT) +
    ssoService(BINDING_POST) +
    '</md:IDPSSODescriptor>' +
    `<md:Organization><md:OrganizationName xml:lang="en">${name}</md:OrganizationName>` +
    `<md:OrganizationDisplayName xml:lang="en">${name}</md:OrganizationDisplayName>` +
    `<md:OrganizationURL xml:lang="en">${escapeText(content.organizationUrl)}</md:OrganizationURL></md:Organization>` +
    '</md:EntityDescriptor>';
  const attributes = `entityID="${escapeAttribute(content.entityId)}" validUntil="${formatInstant(content.validUntil)}" cacheDuration="${CACHE_DURATION}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<md:EntityDescriptor xmlns:md="${METADATA}" ${attributes}>${body}\n`;
}

/** @returns a strong entity tag (RFC 9110, 8.8.3) of a document */
export function entityTag(document: string): string {
  return `"${hash('sha256', document, 'base64url').slice(0, 27)}"`;
}
