import type { Database, Db, Transaction } from '../../../platform/database/database.ts';
import { IdpError, InputError } from '../../../platform/errors/idp-error.ts';
import type { AuditWriter } from '../../audit/writer.ts';
import type { Biller } from '../../billers/biller.ts';
import type { Change } from '../key-changes.ts';
import { keyInState, lockKeyInState } from '../store.ts';
import type { OneTimeFetch, SwitchOnFetch } from '../switch-on-fetch.ts';
import { type Fetcher, isKnown, isPreview, isServiceProvider, isWithin, looksLikeBrowser } from './fetcher.ts';
import { findOneTimeMetadata, insertOneTimeMetadata, useOneTimeMetadata } from './one-time-metadata.ts';

/** One-time metadata URLs: the Service Provider's first fetch of the URL activates the staged key. */
export interface OneTimeUrls {
  /**
   * Makes a URL for the staged key. Invalidates any earlier unused one.
   *
   * @throws InputError if no key is staged, or the active one is not known to be accepted and there is a way back from it
   */
  make(biller: Biller, terms: OneTimeUrlTerms, change: Change): Promise<{ url: string; expiresAt: Date }>;
  /**
   * Handles a fetch. The first one that takes the document whole switches keys.
   *
   * @returns whether the document was taken whole
   * @throws IdpError one_time_metadata_over, one_time_metadata_refused
   */
  fetch(request: OneTimeRequest): Promise<boolean>;
}

/** A request for one-time metadata, and how to answer it. */
interface OneTimeRequest extends Pick<OneTimeFetch, 'biller' | 'deliver' | 'gone'> {
  readonly token: string;
  readonly fetcher: Fetcher;
  readonly reference: string;
}

interface OneTimeUrlTerms {
  readonly hours: number;
  /** Networks that the fetch must come from; empty for any. */
  readonly networks: readonly string[];
}

interface OneTimeUrlServices {
  readonly database: Database;
  readonly switchOnFetch: SwitchOnFetch;
  readonly audit: AuditWriter;
  readonly clock: () => number;
}

const over = (detail: string) => new IdpError('one_time_metadata_over', { detail });

/** @throws IdpError one_time_metadata_refused if the client is certainly not the Service Provider */
function refuseStrangers(fetcher: Fetcher, { settings }: Biller, networks: readonly string[]) {
  const refuse = (detail: string) => new IdpError('one_time_metadata_refused', { detail });
  const client = fetcher.client.slice(0, 100);
  if (fetcher.browserHeader !== undefined) {
    throw refuse(`a browser fetched the one-time metadata URL: it sent ${fetcher.browserHeader}`);
  }
  if (isPreview(fetcher)) throw refuse(`a link preview fetched the one-time metadata URL: ${client}`);
  if (looksLikeBrowser(fetcher) && !isKnown(fetcher, settings)) {
    throw refuse(`a browser or a scanner of mail fetched the one-time metadata URL: ${client}`);
  }
  if (!isServiceProvider(fetcher, settings))
    throw refuse('a monitor or an unknown client fetched the one-time metadata URL');
  if (networks.length > 0 && !isWithin(fetcher.address, networks)) {
    throw refuse(`the fetch came from ${fetcher.address}; it must come from ${networks.join(', ')}`);
  }
}

/** The switch would destroy the retiring key: the way back from an active key that is not known to be accepted. */
async function wouldDestroyTheWayBack(db: Db, { id }: Biller): Promise<boolean> {
  const retiring = await keyInState(db, id, 'retiring');
  const active = await keyInState(db, id, 'active');
  return retiring !== undefined && active?.trust !== 'accepted';
}

async function refuseUnproven(transaction: Transaction, biller: Biller): Promise<void> {
  if (!(await wouldDestroyTheWayBack(transaction, biller))) return;
  const { slug } = biller;
  throw new InputError(
    `${slug}: It is not known whether the Service Provider accepts sign-ons with the active key, and the hand-over would destroy the retiring one, which is the way back.`,
    { code: 'key_unproven', names: { biller: slug } },
  );
}

export function createOneTimeUrls({ database, switchOnFetch, audit, clock }: OneTimeUrlServices): OneTimeUrls {
  const { db } = database;
  return {
    async make(biller, { hours, networks }, change) {
      const createdAt = new Date(clock());
      const expiresAt = new Date(clock() + hours * 3600_000);
      const { actor, reason, reference } = change;
      const token = await database.transaction(async (transaction) => {
        // Locked, so that of two at the same time the later one replaces the URL of the earlier one.
        const staged = await lockKeyInState(transaction, biller.id, 'staged');
        if (staged === undefined) {
          throw new InputError(`${biller.slug} has no staged key.`, {
            code: 'staged_key_missing',
            names: { biller: biller.slug },
          });
        }
        await refuseUnproven(transaction, biller);
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
      return { url: `${biller.metadataUrl}?one-time=${token}`, expiresAt };
    },

    async fetch({ biller, token, fetcher, reference, deliver, gone }) {
      const row = await findOneTimeMetadata(db, biller.id, token);
      if (row === undefined) throw over('no one-time metadata has this token');
      if (row.expiresAt.getTime() <= clock())
        throw over(`the one-time metadata expired at ${row.expiresAt.toISOString()}`);
      try {
        refuseStrangers(fetcher, biller, row.networks);
      } catch (error) {
        // Whoever knows the URL got it from somewhere.
        const details = { detail: (error as IdpError).detail };
        const about = { reference, billerId: biller.id, address: fetcher.address };
        await audit.append({ event: 'key.fetch_refused', ...about, details }).catch(() => undefined);
        throw error;
      }
      // It was accepted when the URL was made; an operator may have said otherwise since.
      if (row.usedAt === null && (await wouldDestroyTheWayBack(db, biller))) {
        throw over('the active key is not known to be accepted any more, and the retiring one is the way back');
      }
      const { address, client } = fetcher;
      // A Service Provider may fetch twice, to preview and to save. It gets the same document until the URL expires.
      return switchOnFetch({
        biller,
        keyId: row.keyId,
        isUsed: row.usedAt !== null,
        change: {
          actor: `fetch from ${address} by ${client === '' ? 'a client without User-Agent' : client.slice(0, 200)}`,
          reason: 'the one-time metadata URL was fetched',
          reference,
          address,
        },
        claim: (transaction) => useOneTimeMetadata(transaction, row.tokenHash, new Date(clock()), address),
        deliver,
        gone,
      });
    },
  };
}
