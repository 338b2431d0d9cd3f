import { IdpError } from '../errors/idp-error.ts';

/** Many times what any form or link has. Reading a million would block every other request. */
const MAX_PARAMETERS = 200;

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch (cause) {
    throw new IdpError('parameter_invalid', { detail: 'a parameter is not percent-encoded UTF-8', cause });
  }
}

/**
 * Reads application/x-www-form-urlencoded text: a query string, or the body of a form.
 *
 * A repeated name is refused, because two readers could each use a different one of its values. So are very many names.
 *
 * @param text without the leading `?`
 * @returns decoded values by decoded name
 * @throws IdpError parameter_invalid
 */
export function readParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  const pairs = text.split('&', MAX_PARAMETERS + 1);
  if (pairs.length > MAX_PARAMETERS) {
    throw new IdpError('parameter_invalid', { detail: `there are more than ${MAX_PARAMETERS} parameters` });
  }
  for (const pair of pairs) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decodePart(equals < 0 ? pair : pair.slice(0, equals));
    if (parameters.has(name)) {
      throw new IdpError('parameter_invalid', { detail: 'a parameter comes more than once' });
    }
    parameters.set(name, equals < 0 ? '' : decodePart(pair.slice(equals + 1)));
  }
  return parameters;
}

/** The part of a request target after `?`, still encoded; empty if there is none. */
export function rawQuery(requestTarget: string): string {
  const question = requestTarget.indexOf('?');
  return question < 0 ? '' : requestTarget.slice(question + 1);
}
