import type { Biller } from '../../../core/billers/biller.ts';
import { IdpError, InputError } from '../../../platform/errors/idp-error.ts';
import type { Uses } from '../services.ts';

export const noBiller = (slug: string) =>
  new InputError(`There is no biller "${slug}".`, { code: 'biller_not_found', names: { biller: slug } });

/** @throws InputError if there is no such biller */
export async function requireBiller({ billers }: Uses<'billers'>, slug: string): Promise<Biller> {
  try {
    return await billers.bySlug(slug);
  } catch (error) {
    if (!(error instanceof IdpError) || error.code !== 'biller_unknown') throw error;
    throw noBiller(slug);
  }
}
