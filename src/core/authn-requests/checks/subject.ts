import { broken, type Check } from '../check.ts';

/** A flow stores the Subject while the portal user signs in. No name here, nor any part of one, is longer. */
const MAX_CHARACTERS = 1_024;

/**
 * SAML core, 3.4.1.4: a Subject demands that this very person signs on. Who signs in is known later; this checks only that
 * the Subject names a person in a way that can be compared.
 */
export const subject: Check<'subject'> = ({ request }) => {
  if (request.subject === 'unreadable') {
    throw broken('unknown_principal', 'Subject', 'a NameID', 'another kind of identifier, or none');
  }
  const longest = Math.max(0, ...Object.values(request.subject ?? {}).map((part: string = '') => part.length));
  if (longest > MAX_CHARACTERS) {
    throw broken('unknown_principal', 'Subject', `at most ${MAX_CHARACTERS} characters`, `${longest}`);
  }
  return { subject: request.subject };
};
