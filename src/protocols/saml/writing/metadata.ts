import { hash } from 'node:crypto';
import { formatInstant } from '../instant.ts';
import { BINDING_POST, BINDING_REDIRECT, METADATA, METADATA_ALGORITHMS, PROTOCOL, XMLDSIG } from '../names.ts';
import { REQUEST_SIGNATURE_URIS } from '../signatures/request-signature-algorithms.ts';
import { signElement } from '../signatures/signature.ts';
import { REQUEST_DIGEST_URIS } from '../signatures/signature-form.ts';
import type { Signer } from '../signatures/signer.ts';
import { escapeAttribute, escapeText } from './escape.ts';

/** The contents of a biller's IdP metadata. */
export interface IdpMetadataContent {
  readonly entityId: string;
  readonly ssoUrl: string;
  /** Certificates as base64 DER, the active one first: some Service Providers keep only the first. */
  readonly certificates: readonly string[];
  /** URIs, the biller's agreed format first. */
  readonly nameIdFormats: readonly string[];
  readonly organizationName: string;
  readonly organizationUrl: string;
  readonly wantAuthnRequestsSigned: boolean;
  /** Milliseconds since 1970; undefined if unknown. */
  readonly validUntil: number | undefined;
}

const CACHE_HOURS = 6;
/** How long a reader may cache the metadata (SAML metadata, 2.3.2). */
export const CACHE_DURATION_MS = CACHE_HOURS * 3_600_000;

const keyDescriptor = (certificate: string): string =>
  `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${XMLDSIG}"><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`;

/**
 * Lists the algorithms that we verify (SAML Metadata Profile for Algorithm Support 1.0). Some Service Providers choose
 * from this list, and some of those sign with SHA-1 if there is none.
 */
function writeAlgorithms(): string {
  const methods = (name: string, uris: readonly string[]) =>
    uris.map((uri) => `<alg:${name} xmlns:alg="${METADATA_ALGORITHMS}" Algorithm="${uri}"></alg:${name}>`).join('');
  return `<md:Extensions>${methods('DigestMethod', REQUEST_DIGEST_URIS)}${methods('SigningMethod', REQUEST_SIGNATURE_URIS)}</md:Extensions>`;
}

/** Writes the content of the EntityDescriptor (SAML metadata, 2.3.2 and 2.4.3) in exclusive canonical form. */
function writeInside(content: IdpMetadataContent): string {
  const ssoService = (binding: string) =>
    `<md:SingleSignOnService Binding="${binding}" Location="${escapeAttribute(content.ssoUrl)}"></md:SingleSignOnService>`;
  const name = escapeText(content.organizationName);
  return (
    `${writeAlgorithms()}<md:IDPSSODescriptor WantAuthnRequestsSigned="${content.wantAuthnRequestsSigned}" protocolSupportEnumeration="${PROTOCOL}">` +
    content.certificates.map(keyDescriptor).join('') +
    content.nameIdFormats.map((format) => `<md:NameIDFormat>${escapeText(format)}</md:NameIDFormat>`).join('') +
    ssoService(BINDING_REDIRECT) +
    ssoService(BINDING_POST) +
    '</md:IDPSSODescriptor>' +
    `<md:Organization><md:OrganizationName xml:lang="en">${name}</md:OrganizationName>` +
    `<md:OrganizationDisplayName xml:lang="en">${name}</md:OrganizationDisplayName>` +
    `<md:OrganizationURL xml:lang="en">${escapeText(content.organizationUrl)}</md:OrganizationURL></md:Organization>`
  );
}

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';
const END = '</md:EntityDescriptor>';

/**
 * Writes IdP metadata. The same content always gives the same bytes, whenever it is written. (ECDSA signature values
 * are the one exception: they are random by design.)
 *
 * @param signer signs the document (SAML metadata, 3.1); without one it is unsigned
 * @throws UnwritableTextError for a name that XML can't represent; whatever the signer throws
 */
export async function writeIdpMetadata(content: IdpMetadataContent, signer?: Signer): Promise<string> {
  const inside = writeInside(content);
  const validUntil = content.validUntil === undefined ? '' : ` validUntil="${formatInstant(content.validUntil)}"`;
  const attributes = `cacheDuration="PT${CACHE_HOURS}H" entityID="${escapeAttribute(content.entityId)}"${validUntil}`;
  if (signer === undefined) {
    return `${DECLARATION}<md:EntityDescriptor xmlns:md="${METADATA}" ${attributes}>${inside}${END}\n`;
  }
  // Derive the ID from the content, so that it changes only with the content.
  const id = `_${hash('sha256', attributes + inside, 'hex').slice(0, 40)}`;
  const start = `<md:EntityDescriptor xmlns:md="${METADATA}" ID="${id}" ${attributes}>`;
  return `${DECLARATION}${start}${await signElement(start + inside + END, id, signer)}${inside}${END}\n`;
}

/** @returns a strong entity tag (RFC 9110, 8.8.3) for a document */
export function entityTag(document: string): string {
  return `"${hash('sha256', document, 'base64url').slice(0, 27)}"`;
}
