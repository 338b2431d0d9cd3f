import { InputError } from '../../platform/errors/idp-error.ts';
import { faultOfSecureUrl } from '../../platform/util/web-url.ts';
import { readBytes } from './read-input.ts';

/** The metadata of one Service Provider. */
const MAX_BYTES = 1024 * 1024;
/** The aggregate of a federation, out of which one is picked. */
const MAX_AGGREGATE_BYTES = 256 * 1024 * 1024;
const TIMEOUT_MS = 10_000;
const AGGREGATE_TIMEOUT_MS = 120_000;

/** XML may be UTF-8 or UTF-16 (XML 1.0, 4.3.3); Windows editors write the latter, with a byte order mark. */
function decode(document: Buffer): string {
  const mark = document.subarray(0, 2).toString('latin1');
  if (mark === '\xff\xfe') return document.toString('utf16le');
  if (mark === '\xfe\xff')
    return Buffer.from(document.subarray(0, document.length & ~1))
      .swap16()
      .toString('utf16le');
  return document.toString('utf8');
}

function redirected(url: string, response: Response): string {
  const location = response.headers.get('location');
  if (location === null || !URL.canParse(location, url)) return 'the server redirects to another address';
  return `the server redirects to ${new URL(location, url).href}; give that address if it is the right one`;
}

async function fetchDocument(option: string, url: string, maxBytes: number, timeoutMs: number): Promise<string> {
  const fault = faultOfSecureUrl(url);
  if (fault !== undefined) {
    throw new InputError(
      `${option} "${url}": must be an https URL (http for localhost only) or a file path: ${fault}.`,
    );
  }
  const failed = (reason: string, cause?: unknown) =>
    new InputError(`${option} "${url}" can't be fetched: ${reason}.`, { cause });
  let response: Response;
  try {
    // Not followed: whoever answers there would decide who the Service Provider is.
    response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    const { cause } = error as Error;
    throw failed(cause instanceof Error && cause.message !== '' ? cause.message : (error as Error).message, error);
  }
  if (response.status >= 300 && response.status < 400) throw failed(redirected(url, response));
  if (!response.ok || response.body === null)
    throw failed(`the server answered ${response.status} ${response.statusText}`.trim());
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw failed(`it is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return decode(Buffer.concat(chunks));
}

/** Any scheme, so that an unsupported one is refused as a URL instead of being looked up as a file. */
export const isUrl = (source: string) => /^[a-z][a-z\d+.-]*:\/\//i.test(source);

/**
 * @param source a file, or an http(s) URL
 * @param isAggregate whether it may describe a whole federation
 * @param option that named the source, for the error
 * @returns the document
 * @throws InputError if it can't be read
 */
export async function readSpMetadataSource(
  source: string,
  isAggregate = false,
  option = '--sp-metadata',
): Promise<string> {
  const maxBytes = isAggregate ? MAX_AGGREGATE_BYTES : MAX_BYTES;
  if (isUrl(source)) return fetchDocument(option, source, maxBytes, isAggregate ? AGGREGATE_TIMEOUT_MS : TIMEOUT_MS);
  return decode(await readBytes(option, source, maxBytes));
}
