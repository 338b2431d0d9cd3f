import {
  decodeXml,
  FetchError,
  fetchMetadata,
  maxMetadataBytes,
} from '../../integrations/sp-metadata/fetch-metadata.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import { faultOfSecureUrl } from '../../platform/util/web-url.ts';
import { readBytes } from './read-input.ts';

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
  if (!isUrl(source)) return decodeXml(await readBytes(option, source, maxMetadataBytes(isAggregate)));
  const fault = faultOfSecureUrl(source);
  if (fault !== undefined) {
    throw new InputError(
      `${option} "${source}": must be an https URL (http for localhost only) or a file path: ${fault}.`,
    );
  }
  try {
    return await fetchMetadata(source, isAggregate);
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    throw new InputError(`${option} "${source}" ${error.message}.`, { cause: error });
  }
}
