import type { Database } from '../../../platform/database/database.ts';
import { IdpError, InputError } from '../../../platform/errors/idp-error.ts';
import type { AuditWriter } from '../../audit/writer.ts';
import type { Biller } from '../../billers/biller.ts';
import type { Change, Rotation } from '../rotation.ts';
import { keyById, keyInState, type SigningKeyRow } from '../store.ts';
import { type Fetcher, isPreview, isServiceProvider, isWithin } from './fetcher.ts';
import { findOneTimeMetadata, insertOneTimeMetadata, useOneTimeMetadata } from './one-time-metadata.ts';

/** One-time metadata URLs: the Service Provider's first fetch of the URL activates the staged key. */
export interface OneTimeUrls {
  /**
   * Makes a URL for the staged key. Invalidates any earlier unused one.
   *
   * @throws InputError if no key is staged
   */
  make(biller: Biller, terms: OneTimeUrlTerms, change: Change): Promise<{ url: string; expiresAt: Date }>;
  /**
   * Handles a fetch. The first one switches keys.
   *
   * @param browser a person opened the URL, so no Service Provider stored the metadata
   * @returns the key whose certificate to show
   * @throws IdpError one_time_metadata_over, one_time_metadata_refused
   */
  fetch(biller: Biller, token: string, fetcher: Fetcher, browser: boolean, reference: string): Promise<SigningKeyRow>;
}

interface OneTimeUrlTerms {
  readonly hours: number;
  /** Networks that the fetch must come from; empty for any. */
  readonly networks: readonly string[];
}

interface OneTimeUrlServices {
  readonly database: Database;
  readonly rotation: Rotation;
  readonly audit: AuditWriter;
  readonly clock: () => number;
}

const over = (detail: string) => new IdpError('one_time_metadata_over', { detail });

/** @throws IdpError one_time_metadata_refused if the client is certainly not the Service Provider */
function refuseStrangers(fetcher: Fetcher, browser: boolean, { settings }: Biller, networks: readonly string[]) {
  const refuse = (detail: string) => new IdpError('one_time_metadata_refused', { detail });
  if (browser) throw refuse('a browser opened the one-time metadata URL');
  if (isPreview(fetcher))
    throw refuse(`a link preview fetched the one-time metadata URL: ${fetcher.client.slice(0, 100)}`);
  if (!isServiceProvider(fetcher, settings))
    throw refuse('a monitor or an unknown client fetched the one-time metadata URL');
  if (networks.length > 0 && !isWithin(fetcher.address, networks)) {
    throw refuse(`the fetch came from ${fetcher.address}; it must come from ${networks.join(', ')}`);
  }
}

export function createOneTimeUrls({ database, rotation, audit, clock }: OneTimeUrlServices): OneTimeUrls {
  const { db } = database;
  return {
    async make(biller, { hours, networks }, change) {
      const staged = await keyInState(db, biller.id, 'staged');
      if (staged === undefined) {
        throw new InputError(`${biller.slug} has no staged key.`, {
          code: 'staged_key_missing',
          names: { biller: biller.slug },
        });
      }
      const createdAt = new Date(clock());
      const expiresAt = new Date(clock() + hours * 3600_000);
      const { actor, reason, reference } = change;
      const token = await database.transaction(async (transaction) => {
        await audit.appendWithin(transaction, {
          event: 'key.handed_over',
          reference,
          billerId: biller.id,
          keyFingerprint: staged.fingerprint,
          details: { actor, reason, expires: expiresAt.toISOString() },
        });
        const made = { billerId: biller.id, keyId: staged.id, networks, createdAt, expiresAt };
        return insertOneTimeMetadata(transaction, made);
      });
      return { url: `${biller.entityId}?one-time=${token}`, expiresAt };
    },

    async fetch(biller, token, fetcher, browser, reference) {
      const row = await findOneTimeMetadata(db, biller.id, token);
      if (row === undefined) throw over('no one-time metadata has this token');
      if (row.expiresAt.getTime() <= clock())
        throw over(`the one-time metadata expired at ${row.expiresAt.toISOString()}`);
      try {
        refuseStrangers(fetcher, browser, biller, row.networks);
      } catch (error) {
        // Whoever knows the URL got it from somewhere.
        const details = { detail: (error as IdpError).detail };
        const about = { reference, billerId: biller.id, address: fetcher.address };
        await audit.append({ event: 'key.fetch_refused', ...about, details }).catch(() => undefined);
        throw error;
      }
      if (row.usedAt === null) {
        const { address } = fetcher;
        const change = { actor: `fetch from ${address}`, reason: 'one-time metadata was fetched', reference, address };
        await rotation.switchOnFetch(biller, row.keyId, change, (transaction) =>
          useOneTimeMetadata(transaction, row.tokenHash, new Date(clock()), fetcher.address),
        );
      }
      // A Service Provider may fetch twice, to preview and to save. It gets the same document until the URL expires.
      const key = await keyById(db, row.keyId);
      if (key?.state !== 'active') throw over('the key of the one-time metadata is no longer active');
      return key;
    },
  };
}
