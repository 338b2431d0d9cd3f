import { faultOfSecureUrl } from '../../platform/util/web-url.ts';

/** The metadata of one Service Provider. */
const MAX_BYTES = 1024 * 1024;
/** The aggregate of a federation, out of which one is picked. */
const MAX_AGGREGATE_BYTES = 256 * 1024 * 1024;
const TIMEOUT_MS = 10_000;
const AGGREGATE_TIMEOUT_MS = 120_000;

/** @returns the maximum size of SP metadata @param isAggregate whether it may describe a whole federation */
export const maxMetadataBytes = (isAggregate: boolean) => (isAggregate ? MAX_AGGREGATE_BYTES : MAX_BYTES);

/** Why a URL gave no document, as a clause that follows the URL. */
export class FetchError extends Error {
  override readonly name = 'FetchError';
}

/** XML may be UTF-8 or UTF-16 (XML 1.0, 4.3.3); Windows editors write the latter, with a byte order mark. */
export function decodeXml(document: Buffer): string {
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

async function readBody(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new FetchError(`can't be fetched: it is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Fetches SP metadata over TLS: no redirects, and with limits of size and time.
 *
 * @param isAggregate whether it may describe a whole federation
 * @returns the document
 * @throws FetchError
 */
export async function fetchMetadata(url: string, isAggregate: boolean): Promise<string> {
  const fault = faultOfSecureUrl(url);
  if (fault !== undefined) throw new FetchError(`must be an https URL (http for localhost only): ${fault}`);
  try {
    const signal = AbortSignal.timeout(isAggregate ? AGGREGATE_TIMEOUT_MS : TIMEOUT_MS);
    // Not followed: whoever answers there would decide who the Service Provider is.
    const response = await fetch(url, { redirect: 'manual', signal });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw new FetchError(`can't be fetched: ${redirected(url, response)}`);
    }
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new FetchError(`can't be fetched: the server answered ${response.status} ${response.statusText}`.trim());
    }
    return decodeXml(await readBody(response.body, maxMetadataBytes(isAggregate)));
  } catch (error) {
    if (error instanceof FetchError) throw error;
    const { cause, message } = error as Error;
    const reason = cause instanceof Error && cause.message !== '' ? cause.message : message;
    throw new FetchError(`can't be fetched: ${reason}`, { cause: error });
  }
}
