import type { Database } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { createLoadingCache } from '../../platform/util/loading-cache.ts';
import { type Biller, SLUG, toBiller } from './biller.ts';
import { allBillers, createFindVersion, findBiller } from './store.ts';

/** Looks up billers for requests. */
export interface Billers {
  /** @throws IdpError biller_unknown */
  bySlug(slug: string): Promise<Biller>;
  all(): Promise<Biller[]>;
  /** @returns whether the database still has this very version of the biller */
  isCurrent(biller: Biller): Promise<boolean>;
  /**
   * @returns the biller as the database has it now; the same one if the database does not answer
   * @throws IdpError biller_unknown
   */
  refreshed(biller: Biller): Promise<Biller>;
  /** Clears the cached data of one biller, or of all. */
  forget(billerId: string | undefined): void;
}

export function createBillers({ database, publicUrl }: { database: Database; publicUrl: string }): Billers {
  const { db } = database;
  const findVersion = createFindVersion(database);
  const cache = createLoadingCache(async (slug) => {
    const row = await findBiller(db, slug);
    if (row === undefined) throw new IdpError('biller_unknown', { detail: `no biller has the slug "${slug}"` });
    return toBiller(row, publicUrl);
  });
  const isCurrent = async ({ id, version }: Biller) => (await findVersion(id)) === version;
  return {
    async bySlug(slug) {
      if (!SLUG.test(slug))
        throw new IdpError('biller_unknown', { detail: 'the URL does not contain a well-formed slug' });
      return cache.get(slug);
    },
    isCurrent,
    async refreshed(biller) {
      if (await isCurrent(biller).catch(() => true)) return biller;
      cache.forget(({ id }) => id === biller.id);
      return cache.get(biller.slug);
    },
    all: async () => (await allBillers(db)).map((row) => toBiller(row, publicUrl)),
    forget: (billerId) => cache.forget(billerId === undefined ? undefined : (biller) => biller.id === billerId),
  };
}
