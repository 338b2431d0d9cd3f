import { broken, type Check, shown } from '../check.ts';

// xs:ID is an NCName. This accepts those in ASCII, which every Service Provider uses, and most letters beyond.
const NC_NAME = /^[\p{L}_][\p{L}\p{N}._-]*$/u;
const MAX_CHARACTERS = 256;

/** SAML core, 1.3.4 and 3.2.1: the request carries an ID of type xs:ID. The answer returns it as InResponseTo. */
export const requestId: Check<'requestId'> = ({ request }) => {
  const { id } = request;
  if (id === undefined || id.length > MAX_CHARACTERS || !NC_NAME.test(id)) {
    throw broken('request_id_invalid', 'ID', `an NCName of at most ${MAX_CHARACTERS} characters`, shown(id));
  }
  return { requestId: id };
};
