import { billersWithKeys } from '../../../core/api-keys/store.ts';
import type { Uses } from '../services.ts';
import type { Finding } from './finding.ts';

/** @returns the billers whose portal can make launches, but is not registered */
export async function portalFindings({ database, billers, clock }: Uses<'database' | 'billers' | 'clock'>) {
  const withKeys = new Set(await billersWithKeys(database.db, new Date(clock())));
  const bare = (await billers.all()).filter(({ id, portalOrigins }) => withKeys.has(id) && portalOrigins.length === 0);
  return bare.map(
    ({ slug }): Finding => ({
      subject: `biller ${slug}`,
      level: 'warning',
      finding:
        'its portal has an API key, but no page of it is registered: every launch asks the portal user whether it is theirs, and none works in an iframe',
      remedy: `Register the portal's pages with \`ic-idp biller update ${slug}\`.`,
    }),
  );
}
