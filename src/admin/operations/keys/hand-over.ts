import { z } from 'zod';
import { isNetwork } from '../../../core/keys/publication/fetcher.ts';
import { noteLastingUrl } from '../../../core/keys/publication/lasting-url.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, time, wholeNumber } from '../operation.ts';
import { changeInput, changeOf, done } from './input.ts';

const MAX_HOURS = 30 * 24;
const hours = `must be 1 to ${MAX_HOURS}`;

export const oneTimeUrl = defineOperation({
  uses: ['billers', 'oneTimeUrls'],
  input: z.strictObject({
    ...changeInput,
    hours: wholeNumber(1, MAX_HOURS, hours).default(72),
    networks: z.array(z.string().refine(isNetwork, 'must be an address or a network, e.g. 203.0.113.0/24')).default([]),
  }),
  output: z.object({
    biller: z.string(),
    name: z.string(),
    billerGuid: z.string(),
    url: z.string(),
    expiresAt: time,
    /** What the Service Provider's form must have again after the fetch. */
    metadataUrl: z.string(),
  }),
  run: async (services, input, actor) => {
    const biller = await requireBiller(services, input.biller);
    const { slug, name, billerGuid, metadataUrl } = biller;
    const { hours, networks } = input;
    const change = changeOf(actor, input.reason);
    const made = await services.oneTimeUrls.make(biller, { hours, networks }, change);
    return { biller: slug, name, billerGuid, ...made, metadataUrl };
  },
});

export const lastingUrl = defineOperation({
  uses: ['billers', 'database', 'audit', 'clock'],
  input: z.strictObject(changeInput),
  output: done,
  run: async ({ billers, database, audit, clock }, input, actor) => {
    const { id, slug, metadataUrl } = await requireBiller({ billers }, input.biller);
    const change = changeOf(actor, input.reason);
    await database.transaction(async (transaction) => {
      if (!(await noteLastingUrl(transaction, id, new Date(clock())))) {
        throw new InputError(`${slug}: No one-time metadata URL was fetched that is not replaced yet.`, {
          code: 'one_time_url_unused',
        });
      }
      await audit.appendWithin(transaction, {
        event: 'key.lasting_url_confirmed',
        reference: change.reference,
        billerId: id,
        details: { actor: change.actor, reason: change.reason },
      });
    });
    return { biller: slug, sentence: `Noted: Invoice Cloud's form has ${metadataUrl} again.` };
  },
});
