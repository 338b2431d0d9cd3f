import { otherWithServiceProvider } from '../../../core/billers/store.ts';
import type { Db } from '../../../platform/database/database.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import type { ServiceProvider } from '../../../protocols/saml/sp-metadata/service-provider.ts';

/**
 * A file that belongs to another biller is easily given by mistake, and portal users would then be signed on to that
 * biller's pages. Whether Invoice Cloud has one Service Provider for several billers is not known, so it can be confirmed.
 *
 * @throws InputError if another biller has the same Service Provider, and that was not confirmed
 */
export async function refuseOtherBillersProvider(
  db: Db,
  serviceProvider: ServiceProvider,
  { slug, sameServiceProvider }: { readonly slug: string; readonly sameServiceProvider: boolean },
): Promise<void> {
  if (sameServiceProvider) return;
  const other = await otherWithServiceProvider(db, serviceProvider, slug);
  if (other === undefined) return;
  throw new InputError(
    `The Service Provider "${serviceProvider.entityId}" with this ACS URL belongs to the biller "${other}" already. Is it the right file?`,
    { code: 'service_provider_of_another_biller' },
  );
}
