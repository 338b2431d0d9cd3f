import type { Database, Db, Statement } from '../../../platform/database/database.ts';
import { isKnown, isServiceProvider } from './fetcher.ts';

/** A biller whose Service Provider may still have a one-time metadata URL in its form. */
export interface TemporaryUrl {
  readonly slug: string;
  /** When the one-time URL stops working; milliseconds since 1970. */
  readonly expires_at: number;
}

interface Row extends TemporaryUrl {
  readonly clients: { readonly metadataClients: readonly string[]; readonly monitors: readonly string[] };
  /** Fetches of the lasting URL since the one-time URL was used. */
  readonly fetches: readonly { readonly address: string; readonly client: string }[];
}

const TEMPORARY: Statement = {
  name: 'temporary-metadata-urls',
  text: `select b.slug, (extract(epoch from o.expires_at) * 1000)::float8 as expires_at,
      json_build_object('metadataClients', coalesce(b.settings -> 'metadataClients', '[]'),
        'monitors', coalesce(b.settings -> 'monitors', '[]')) as clients,
      coalesce((select json_agg(json_build_object('address', f.address, 'client', f.client)) from (
        select m.address, m.client from metadata_fetches m where m.biller_id = b.id and not m.monitor and not m.one_time
          and m.at > o.used_at limit 50) f), '[]') as fetches
    from billers b join lateral (select * from one_time_metadata u where u.biller_id = b.id and u.used_at is not null
      order by u.used_at desc limit 1) o on o.replaced_at is null
    order by b.slug`,
};

/**
 * Finds out who may still have a one-time metadata URL: after its use, the Service Provider has not fetched the lasting one,
 * and no operator said that it has it.
 */
export async function temporaryUrls(database: Database): Promise<TemporaryUrl[]> {
  const rows = await database.query<Row>(TEMPORARY, []);
  return rows.filter(({ clients, fetches }) => {
    const counts = clients.metadataClients.length > 0 ? isKnown : isServiceProvider;
    return !fetches.some((fetch) => counts(fetch, clients));
  });
}

/** Notes that the Service Provider has the lasting URL. @returns whether it was not known before */
export async function noteLastingUrl(db: Db, billerId: string, at: Date): Promise<boolean> {
  const rows = await db
    .updateTable('oneTimeMetadata')
    .set({ replacedAt: at })
    .where('billerId', '=', billerId)
    .where('usedAt', 'is not', null)
    .where('replacedAt', 'is', null)
    .returning('keyId')
    .execute();
  return rows.length > 0;
}
