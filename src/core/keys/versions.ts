import type { Database, Statement } from '../../platform/database/database.ts';
import { createBatchedLookup } from '../../platform/util/batched-lookup.ts';
import type { PublishedKeyRow } from './store.ts';

const VERSIONS: Statement = {
  name: 'key-versions',
  text: `select biller_id, array_agg(id || ':' || xmin) as versions from signing_keys
    where biller_id = any($1::uuid[]) and state in ('active', 'staged', 'retiring') group by biller_id`,
};

const join = (versions: readonly string[]) => versions.toSorted().join();

/** @returns the version of these keys: it changes with every change of one of them */
export const versionOf = (keys: readonly PublishedKeyRow[]): string =>
  join(keys.map(({ id, version }) => `${id}:${version}`));

/** @returns a function that reads the version of a biller's published keys by the biller's ID */
export function createFindVersion(database: Database): (billerId: string) => Promise<string> {
  const lookUp = createBatchedLookup(async (billerIds) => {
    const rows = await database.query<{ biller_id: string; versions: string[] }>(VERSIONS, [billerIds]);
    return new Map(rows.map(({ biller_id, versions }) => [biller_id, join(versions)]));
  });
  return async (billerId) => (await lookUp(billerId)) ?? '';
}
