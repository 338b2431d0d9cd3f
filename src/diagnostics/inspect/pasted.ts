import { inflateRawSync } from 'node:zlib';
import { IdpError, InputError } from '../../platform/errors/idp-error.ts';
import { readParameters } from '../../platform/http/parameters.ts';
import type { ReceivedMessage } from '../../protocols/saml/reading/decode.ts';

/** Decoded pasted text. */
export interface Pasted {
  readonly binding: 'HTTP-Redirect' | 'HTTP-POST';
  readonly message: ReceivedMessage;
}

const MAX_BYTES = 1024 * 1024;
const utf8 = new TextDecoder('utf-8', { fatal: true });

const refuse = (reason: string, cause?: unknown) =>
  new InputError(
    `The input can't be read: ${reason}. It must be a SAMLRequest or SAMLResponse (XML, or base64 as it travels), a form body, or the whole URL.`,
    { code: 'message_unreadable', cause },
  );

/** Decodes base64, and inflates what is not XML yet. */
function decode(base64: string): Pick<Pasted, 'binding'> & { xml: string } {
  const compact = base64.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) throw refuse('it is not base64');
  const bytes = Buffer.from(compact, 'base64');
  try {
    if (bytes[0] === 0x3c || bytes[0] === 0xef) return { binding: 'HTTP-POST', xml: utf8.decode(bytes) };
    return {
      binding: 'HTTP-Redirect',
      xml: utf8.decode(inflateRawSync(bytes, { maxOutputLength: MAX_BYTES })),
    };
  } catch (cause) {
    throw refuse('its base64 contains neither XML nor DEFLATE data', cause);
  }
}

function readQuery(text: string): Map<string, string> {
  try {
    return readParameters(text);
  } catch (error) {
    if (error instanceof IdpError) throw refuse(error.detail, error);
    throw error;
  }
}

/**
 * Decodes a SAML message in whatever shape it was copied: XML, base64, a form body, a URL.
 *
 * @throws InputError if it is none of these
 */
export function readPasted(text: string): Pasted {
  const trimmed = text.trim();
  if (trimmed === '') throw refuse('it is empty');
  if (trimmed.startsWith('<')) {
    return { binding: 'HTTP-POST', message: { xml: trimmed, relayState: undefined, signedQuery: undefined } };
  }
  if (!/SAML(Request|Response)=/.test(trimmed)) {
    const { binding, xml } = decode(trimmed.includes('%') ? (readQuery(`x=${trimmed}`).get('x') ?? '') : trimmed);
    return { binding, message: { xml, relayState: undefined, signedQuery: undefined } };
  }
  const query = trimmed.slice(trimmed.indexOf('?') + 1).replace(/#.*$/, '');
  const parameters = readQuery(query);
  const { binding, xml } = decode(parameters.get('SAMLRequest') ?? parameters.get('SAMLResponse') ?? '');
  const signedQuery = parameters.has('Signature') || parameters.has('SigAlg') ? query : undefined;
  return { binding, message: { xml, relayState: parameters.get('RelayState'), signedQuery } };
}
