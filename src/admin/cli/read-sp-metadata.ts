import { readFile } from 'node:fs/promises';
import { InputError } from '../../platform/errors/idp-error.ts';
import { isAcceptableUrl } from '../../protocols/saml/sp-metadata/service-provider.ts';

const MAX_BYTES = 1024 * 1024;
const TIMEOUT_MS = 10_000;

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

async function fetchDocument(url: string): Promise<string> {
  if (!isAcceptableUrl(url))
    throw new InputError(`--sp-metadata "${url}": must be an https URL (http for localhost only) or a file path.`);
  const failed = (reason: string, cause?: unknown) =>
    new InputError(`--sp-metadata "${url}" can't be fetched: ${reason}.`, { cause });
  let response: Response;
  try {
    response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const { cause } = error as Error;
    throw failed(cause instanceof Error && cause.message !== '' ? cause.message : (error as Error).message, error);
  }
  if (!response.ok || response.body === null)
    throw failed(`the server answered ${response.status} ${response.statusText}`.trim());
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw failed(`it is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return decode(Buffer.concat(chunks));
}

/** Any scheme, so that an unsupported one is refused as a URL instead of being looked up as a file. */
export const isUrl = (source: string) => /^[a-z][a-z\d+.-]*:\/\//i.test(source);

/** Reads a file. @param option names it in errors @throws InputError if it can't be read */
export async function readInput(option: string, file: string): Promise<string> {
  let document: Buffer;
  try {
    document = await readFile(file);
  } catch (error) {
    throw new InputError(`${option} "${file}" can't be read: ${(error as Error).message}.`, { cause: error });
  }
  if (document.length > MAX_BYTES) throw new InputError(`${option} "${file}" is larger than ${MAX_BYTES} bytes.`);
  return decode(document);
}

/** @param source a file, or an http(s) URL @returns the document @throws InputError if it can't be read */
export async function readSpMetadataSource(source: string): Promise<string> {
  return isUrl(source) ? fetchDocument(source) : readInput('--sp-metadata', source);
}
