import { inflateRawSync } from 'node:zlib';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import { ENCODING_DEFLATE } from '../names.ts';

/** The largest message taken, after inflating. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** A message as it came over one of the two bindings. */
export interface ReceivedMessage {
  readonly xml: string;
  /** Undefined where none came; an empty one is one. */
  readonly relayState: string | undefined;
  /**
   * Where a signature came beside the message (SAML bindings, 3.4.4.1): the query string as it was received, which is
   * what is signed. A signature inside is in the XML.
   */
  readonly signedQuery: string | undefined;
  /** A signature came beside a message whose binding wants it inside. */
  readonly misplacedSignature?: boolean;
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Line breaks are let through: SAML bindings 3.5.4 allows them and Service Providers send them. */
function decodeBase64(text: string): Buffer {
  const usual = Buffer.from(text, 'base64');
  // Nearly every message is base64 as it is written here, too. Writing it again is the quickest way to know.
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
      // Room for a usual request. zlib takes 16 kB unless told otherwise, outside of the heap, which brings on the next
      // full garbage collection.
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
    throw malformed('the message is not DEFLATE data, or it is cut off', error);
  }
}

function requireRequest(parameters: ReadonlyMap<string, string>): string {
  const request = parameters.get('SAMLRequest');
  if (request !== undefined) return request;
  if (parameters.has('SAMLResponse')) {
    throw new IdpError('saml_message_unsupported', { detail: 'SAMLResponse came where SAMLRequest was expected' });
  }
  throw new IdpError('saml_request_missing', { detail: 'there is no parameter SAMLRequest' });
}

/**
 * Reads a message from the HTTP-Redirect binding (SAML bindings, 3.4.4.1).
 *
 * @param parameters read from the query @param query as it was received, still encoded
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

/** How XML can begin: a tag, white space, a byte order mark. DEFLATE data of a message never begins so. */
const beginsAsXml = (first: number | undefined) =>
  first !== undefined && [0x3c, 0x20, 0x09, 0x0a, 0x0d, 0xef].includes(first);

/**
 * Reads a message from the HTTP-POST binding (SAML bindings, 3.5.4). The standard has it uncompressed; node-saml deflates
 * it all the same unless told otherwise, so that is taken, too.
 *
 * @throws IdpError saml_request_missing, saml_request_malformed, saml_request_too_large, saml_message_unsupported
 */
export function decodePost(parameters: ReadonlyMap<string, string>): ReceivedMessage {
  const bytes = decodeBase64(requireRequest(parameters));
  if (bytes.length > MAX_MESSAGE_BYTES) throw tooLarge();
  const plain = beginsAsXml(bytes[0]) ? bytes : inflate(bytes);
  return {
    xml: decodeUtf8(plain),
    relayState: parameters.get('RelayState'),
    signedQuery: undefined,
    misplacedSignature: parameters.has('Signature') || parameters.has('SigAlg'),
  };
}
