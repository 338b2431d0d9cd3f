import { z } from 'zod';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { readDestination } from '../../../protocols/invoice-cloud/destinations.ts';
import { buildRedirectLink, RedirectLinkError } from '../../../protocols/invoice-cloud/redirect-link.ts';
import { defineOperation } from '../operation.ts';
import { requireBiller } from './require-biller.ts';

export const link = defineOperation({
  uses: ['billers'],
  input: z.strictObject({
    slug: z.string(),
    account: z.string(),
    destination: z.string(),
    viewMode: z.enum(['0', '1'], 'must be 0 (full page) or 1 (iframe)').optional(),
  }),
  output: z.object({ link: z.string() }),
  run: async (services, { slug, account, destination: given, viewMode: mode }) => {
    const { billerGuid, settings } = await requireBiller(services, slug);
    const destination = readDestination(given);
    if (destination === undefined) {
      throw new InputError(
        'must be bills, paperless, autopay, payment-methods, scheduled-payments, or a positive number.',
        { field: 'destination', given },
      );
    }
    const viewMode = mode === undefined ? settings.viewMode : mode === '1' ? 1 : 0;
    try {
      return {
        link: buildRedirectLink({ base: settings.redirectLinkBase, billerGuid, account, viewMode, destination }),
      };
    } catch (error) {
      if (!(error instanceof RedirectLinkError)) throw error;
      if (error.part === 'account') throw new InputError(`${error.message}.`, { field: 'account', given: account });
      throw new InputError(`${error.part}: ${error.message}.`);
    }
  },
});
