import { inflateRawSync } from 'node:zlib';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import { ENCODING_DEFLATE } from '../names.ts';

/** Maximum size of a message after inflating. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** A message received over one of the two bindings. */
export interface ReceivedMessage {
  readonly xml: string;
  /** Undefined if there was none. An empty RelayState is kept as an empty string. */
  readonly relayState: string | undefined;
  /**
   * For a message with a detached signature (SAML bindings, 3.4.4.1): the query string as received, which is what was
   * signed. An embedded signature is in the XML.
   */
  readonly signedQuery: string | undefined;
  /** A detached signature came with a message whose binding requires an embedded one. */
  readonly misplacedSignature?: boolean;
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Line breaks are allowed: SAML bindings, 3.5.4 permits them and Service Providers send them. */
function decodeBase64(text: string): Buffer {
  const usual = Buffer.from(text, 'base64');
  // Nearly all messages are in Node's own base64 form. Re-encoding is the fastest way to find out.
  if (usual.length > 0 && usual.length <= MAX_MESSAGE_BYTES && usual.toString('base64') === text) return usual;
  const compact = text.replace(/[\t\n\r ]+/g, '');
  if (compact.length > Math.ceil(MAX_MESSAGE_BYTES / 3) * 4) throw tooLarge();
  if (!BASE64.test(compact)) throw malformed('SAMLRequest is not base64');
  const bytes = Buffer.from(compact, 'base64');
  if (bytes.length === 0) throw malformed('SAMLRequest is empty');
  return bytes;
}

const malformed = (detail: string, cause?: unknown) => new IdpError('saml_request_malformed', { detail, cause });
const tooLarge = () =>
  new IdpError('saml_request_too_large', { detail: `the message is larger than ${MAX_MESSAGE_BYTES} bytes` });

const utf8 = new TextDecoder('utf-8', { fatal: true });
function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw malformed('the message is not UTF-8', cause);
  }
}

function inflate(bytes: Buffer): Buffer {
  try {
    const { buffer, engine } = inflateRawSync(bytes, {
      // Enough for a typical request. zlib allocates 16 kB outside the heap by default, which triggers full garbage
      // collections sooner.
      chunkSize: 2048,
      maxOutputLength: MAX_MESSAGE_BYTES,
      info: true,
    }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    if (engine.bytesWritten !== bytes.length) throw malformed('bytes follow the end of the DEFLATE stream');
    return buffer;
  } catch (error) {
    if (error instanceof IdpError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw malformed('the message is not DEFLATE data, or is cut off', error);
  }
}

function requireRequest(parameters: ReadonlyMap<string, string>): string {
  const request = parameters.get('SAMLRequest');
  if (request !== undefined) return request;
  if (parameters.has('SAMLResponse')) {
    throw new IdpError('saml_message_unsupported', { detail: 'received a SAMLResponse instead of a SAMLRequest' });
  }
  throw new IdpError('saml_request_missing', { detail: 'the SAMLRequest parameter is missing' });
}

/**
 * Reads a message from the HTTP-Redirect binding (SAML bindings, 3.4.4.1).
 *
 * @param parameters the parsed query @param query the query as received, still encoded
 * @throws IdpError saml_request_missing, saml_request_malformed, saml_request_too_large, saml_message_unsupported
 */
export function decodeRedirect(parameters: ReadonlyMap<string, string>, query: string): ReceivedMessage {
  const encoded = requireRequest(parameters);
  const encoding = parameters.get('SAMLEncoding');
  if (encoding !== undefined && encoding !== ENCODING_DEFLATE) throw malformed('SAMLEncoding is not DEFLATE');
  return {
    xml: decodeUtf8(inflate(decodeBase64(encoded))),
    relayState: parameters.get('RelayState'),
    signedQuery: parameters.has('Signature') || parameters.has('SigAlg') ? query : undefined,
  };
}

/** How XML can start: a tag, white space, or a byte order mark. A DEFLATE-compressed message never starts that way. */
const startsLikeXml = (first: number | undefined) =>
  first !== undefined && [0x3c, 0x20, 0x09, 0x0a, 0x0d, 0xef].includes(first);

/**
 * Reads a message from the HTTP-POST binding (SAML bindings, 3.5.4). The standard sends it uncompressed, but node-saml
 * deflates it by default, so that is accepted too.
 *
 * @throws IdpError saml_request_missing, saml_request_malformed, saml_request_too_large, saml_message_unsupported
 */
export function decodePost(parameters: ReadonlyMap<string, string>): ReceivedMessage {
  const bytes = decodeBase64(requireRequest(parameters));
  if (bytes.length > MAX_MESSAGE_BYTES) throw tooLarge();
  const plain = startsLikeXml(bytes[0]) ? bytes : inflate(bytes);
  return {
    xml: decodeUtf8(plain),
    relayState: parameters.get('RelayState'),
    signedQuery: undefined,
    misplacedSignature: parameters.has('Signature') || parameters.has('SigAlg'),
  };
}
