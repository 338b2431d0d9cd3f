import { createHmac } from 'node:crypto';
import { NAME_ID_FORMATS, type NameIdFormat } from '../../protocols/saml/names.ts';
import { newSamlId } from '../../protocols/saml/writing/id.ts';
import type { Biller } from './biller.ts';

/** What the NameID element says (SAML core, 2.2.3). */
export interface NameId {
  readonly nameId: string;
  readonly nameIdFormat: string;
  readonly nameQualifier?: string;
  readonly spNameQualifier?: string;
}

/**
 * Makes the NameID of a portal user: the email address; a persistent one, opaque, the same at every sign-on and
 * different for each Service Provider (SAML core, 8.3.7); or a transient one, fresh each time (8.3.8).
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
 * Says whether a NameID that a Service Provider sent names this portal user. Email addresses are compared without regard
 * to case; a transient identifier names nobody who could be known again (SAML core, 8.3.8).
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
