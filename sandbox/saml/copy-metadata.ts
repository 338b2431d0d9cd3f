import { isDeepStrictEqual } from 'node:util';
import type { Biller } from '../billers/biller.ts';
import { Refusal } from '../refusal.ts';
import { fetchMetadata, type MetadataSources } from './fetch-metadata.ts';
import { readIdpMetadata } from './idp-metadata.ts';

/**
 * Fetches the metadata and copies what this kind of Service Provider keeps. From here on, only the copy is used.
 * @throws Refusal if the metadata can't be fetched or used
 */
export async function copyMetadata(
  { metadataUrl, binding, keeps }: Pick<Biller, 'metadataUrl' | 'binding' | 'keeps'>,
  sources: MetadataSources,
): Promise<Biller['copied']> {
  const xml = await fetchMetadata(metadataUrl, sources);
  const now = new Date();
  return { at: now.toISOString(), ...readIdpMetadata(xml, { binding, keeps }, now) };
}

/**
 * Copies the metadata again for a biller that does so for each sign-on. If that fails, the last copy is used.
 * @returns the biller as it is then; the same object if nothing has changed
 */
export async function copiedAgain(biller: Biller, sources: MetadataSources): Promise<Biller> {
  if (biller.keeps !== 'fetches-again') {
    return biller;
  }
  try {
    const copied = await copyMetadata(biller, sources);
    return isDeepStrictEqual({ ...copied, at: biller.copied.at }, biller.copied) ? biller : { ...biller, copied };
  } catch (error) {
    if (error instanceof Refusal) {
      return biller;
    }
    throw error;
  }
}
