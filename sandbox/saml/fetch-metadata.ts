import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress, publicLookup } from '../http/public-address.ts';
import { checkedUrl } from '../http/safe-url.ts';
import { Refusal } from '../refusal.ts';

const timeoutMs = 5_000;
const maxBytes = 512 * 1024;

/** Where metadata may be fetched from. */
export interface MetadataSources {
  /** Origins that are trusted, wherever they are. Any other host must be on the public internet. */
  readonly idpOrigins: readonly string[];
  readonly lookup?: LookupFunction;
}

/**
 * Fetches an Identity Provider's metadata once, with limits: five seconds, 512 KB, no redirects, and https to a public
 * address unless it is the origin of a known Identity Provider.
 * @throws Refusal that says what went wrong at a known Identity Provider. About any other host it is always the same, so
 *   that nobody learns from it which hosts and ports can be reached from here
 */
export async function fetchMetadata(metadataUrl: string, { idpOrigins, lookup }: MetadataSources): Promise<string> {
  const url = checkedUrl(metadataUrl);
  if (url === undefined) {
    throw unreachable(metadataUrl, 'the URL must be https (http for localhost only)');
  }
  const known = idpOrigins.includes(url.origin);
  try {
    return await fetchLimited(url, known ? undefined : (lookup ?? publicLookup()));
  } catch (error) {
    throw unreachable(metadataUrl, known ? reasonOf(error) : elsewhere, error);
  }
}

const elsewhere =
  'it must be metadata at an https URL of a public address, without a redirect, or at an Identity Provider in SANDBOX_IDP';

/** What was wrong with a response. */
class BadResponse extends Error {}

/** @param lookup finds the addresses of a host that must be public; undefined for a host that need not be */
async function fetchLimited(url: URL, lookup: LookupFunction | undefined): Promise<string> {
  const host = url.hostname.replaceAll(/^\[|\]$/g, '');
  if (lookup !== undefined) {
    // Addresses in URLs are not looked up.
    if (url.protocol !== 'https:' || (isIP(host) !== 0 && !isPublicAddress(host))) throw new Error('not public');
  }
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = { accept: 'application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8' };
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    const sent = request(url, { signal, headers, agent: false, ...(lookup && { lookup }) }, (response) => {
      const stop = (reason: string) => {
        reject(new BadResponse(reason));
        response.destroy();
      };
      if (response.statusCode !== 200) return stop(`the HTTP status was ${response.statusCode} instead of 200`);
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.byteLength;
        if (size > maxBytes) return stop(`the response is larger than ${maxBytes / 1024} KB`);
        chunks.push(chunk);
      });
      response.once('end', () => (response.complete ? resolve() : stop('the response is cut off')));
      response.once('error', reject);
      return undefined;
    });
    sent.once('error', (error) =>
      reject(
        signal.aborted ? new BadResponse(`there was no complete response within ${timeoutMs / 1000} seconds`) : error,
      ),
    );
    sent.end();
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new BadResponse('the response is not UTF-8 text');
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof BadResponse) return error.message;
  const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
  return `the connection failed${code}`;
}

function unreachable(url: string, what: string, cause?: unknown): Refusal {
  return new Refusal(
    'metadata-unreachable',
    400,
    `The metadata couldn't be fetched from ${url}: ${what}.`,
    'Check the metadata URL and that the Identity Provider is running, then save again.',
    cause,
  );
}
