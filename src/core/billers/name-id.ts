import { createHmac } from 'node:crypto';
import { NAME_ID_FORMATS, type NameIdFormat } from '../../protocols/saml/names.ts';
import { newSamlId } from '../../protocols/saml/writing/id.ts';
import type { Biller } from './biller.ts';

/** The contents of the NameID element (SAML core, 2.2.3). */
export interface NameId {
  readonly nameId: string;
  readonly nameIdFormat: string;
  readonly nameQualifier?: string;
  readonly spNameQualifier?: string;
}

/**
 * Makes a portal user's NameID: the email address; a persistent one, which is opaque, the same at every sign-on and
 * different for each Service Provider (SAML core, 8.3.7); or a transient one, new each time (8.3.8).
 */
export function nameIdOf(biller: Biller, user: { id: string; email: string }, format: NameIdFormat): NameId {
  const nameIdFormat = NAME_ID_FORMATS[format];
  if (format === 'emailAddress' || format === 'unspecified') return { nameId: user.email, nameIdFormat };
  const qualifiers = { nameQualifier: biller.entityId, spNameQualifier: biller.serviceProvider.entityId };
  if (format === 'transient') return { nameId: newSamlId(), nameIdFormat, ...qualifiers };
  const pairwise = createHmac('sha256', biller.pairwiseSalt)
    .update(`${user.id} ${biller.serviceProvider.entityId}`)
    .digest('base64url');
  return { nameId: pairwise, nameIdFormat, ...qualifiers };
}

interface NamedSubject {
  readonly nameId: string;
  readonly format?: string | undefined;
  readonly nameQualifier?: string | undefined;
  readonly spNameQualifier?: string | undefined;
}

/**
 * Tells whether a NameID sent by a Service Provider identifies this portal user. Email addresses are compared
 * case-insensitively; a transient identifier never matches, because it identifies no one later on (SAML core, 8.3.8).
 */
export function isNameIdOf(biller: Biller, user: { id: string; email: string }, subject: NamedSubject): boolean {
  const known = Object.entries(NAME_ID_FORMATS).find(([, uri]) => uri === subject.format)?.[0] as
    | NameIdFormat
    | undefined;
  if (known === undefined && subject.format !== undefined) return false;
  const format = known ?? 'unspecified';
  if (format === 'transient') return false;
  const ours = nameIdOf(biller, user, format === 'unspecified' ? biller.settings.nameIdFormat : format);
  if (subject.nameQualifier !== undefined && subject.nameQualifier !== ours.nameQualifier) return false;
  if (subject.spNameQualifier !== undefined && subject.spNameQualifier !== ours.spNameQualifier) return false;
  if (format === 'unspecified' && subject.nameId.toLowerCase() === user.email.toLowerCase()) return true;
  return format === 'emailAddress'
    ? subject.nameId.toLowerCase() === ours.nameId.toLowerCase()
    : subject.nameId === ours.nameId;
}
