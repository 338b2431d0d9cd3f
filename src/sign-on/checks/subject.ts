import { broken, type Check } from './check.ts';

/**
 * SAML core, 3.4.1.4: a Subject demands that this very person be signed on. Who signs in is known later; here only that
 * the Subject names somebody in a way that can be compared at all.
 */
export const subject: Check = ({ request }) => {
  if (request.subject === 'unreadable') {
    throw broken('unknown_principal', 'Subject', 'a NameID', 'another kind of identifier, or none');
  }
  return { subject: request.subject };
};
