import { broken, type Check } from '../check.ts';

/** A flow keeps the Subject while the portal user signs in; nobody here has a longer name, or any part of one. */
const MAX_CHARACTERS = 1_024;

/**
 * SAML core, 3.4.1.4: a Subject demands that this very person be signed on. Who signs in is known later; here only that
 * the Subject names somebody in a way that can be compared at all.
 */
export const subject: Check = ({ request }) => {
  if (request.subject === 'unreadable') {
    throw broken('unknown_principal', 'Subject', 'a NameID', 'another kind of identifier, or none');
  }
  const longest = Math.max(0, ...Object.values(request.subject ?? {}).map((part: string = '') => part.length));
  if (longest > MAX_CHARACTERS) {
    throw broken('unknown_principal', 'Subject', `at most ${MAX_CHARACTERS} characters`, `${longest}`);
  }
  return { subject: request.subject };
};
