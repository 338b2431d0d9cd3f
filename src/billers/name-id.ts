import { createHmac } from 'node:crypto';
import { newSamlId } from '../saml/id.ts';
import { NAME_ID_FORMATS, type NameIdFormat } from '../saml/names.ts';
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
