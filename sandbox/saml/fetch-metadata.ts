import { checkedUrl } from '../http/safe-url.ts';
import { Refusal } from '../refusal.ts';

const timeoutMs = 5_000;
const maxBytes = 512 * 1024;

/**
 * Fetches an Identity Provider's metadata once, with limits: https (http for localhost only), five seconds, 512 KB, no
 * redirects.
 * @throws Refusal that says what went wrong
 */
export async function fetchMetadata(metadataUrl: string): Promise<string> {
  const url = checkedUrl(metadataUrl);
  if (url === undefined) {
    throw unreachable(metadataUrl, 'the URL must be https (http for localhost only)');
  }
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: { accept: 'application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8' },
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw unreachable(metadataUrl, `the HTTP status was ${response.status} instead of 200`);
    }
    return await readLimited(response, metadataUrl);
  } catch (error) {
    if (error instanceof Refusal) {
      throw error;
    }
    if (error instanceof Error && error.name === 'TimeoutError') {
      throw unreachable(metadataUrl, `there was no complete response within ${timeoutMs / 1000} seconds`, error);
    }
    throw unreachable(metadataUrl, reasonOf(error), error);
  }
}

async function readLimited(response: Response, metadataUrl: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      throw unreachable(metadataUrl, `the response is larger than ${maxBytes / 1024} KB`);
    }
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw unreachable(metadataUrl, 'the response is not UTF-8 text', error);
  }
}

// fetch() only says "fetch failed"; the reason is in the cause.
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
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
