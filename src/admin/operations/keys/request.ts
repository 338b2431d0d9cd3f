import { z } from 'zod';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation } from '../operation.ts';
import { changeInput, changeOf, keyType } from './input.ts';

export const request = defineOperation({
  uses: ['billers', 'database', 'keys', 'audit'],
  input: z.strictObject({ ...changeInput, keyType }),
  /** The request is PEM. */
  output: z.object({ biller: z.string(), request: z.string() }),
  run: async (services, input, actor) => {
    const { database, keys, audit } = services;
    const biller = await requireBiller(services, input.biller);
    // Slow, so before the transaction begins.
    const made = await keys.request(biller, input.keyType);
    const { reference, ...who } = changeOf(actor, input.reason);
    await database.transaction(async (transaction) => {
      await keys.insertRequest(transaction, made);
      await audit.appendWithin(transaction, {
        event: 'key.requested',
        reference,
        billerId: biller.id,
        details: { ...who, keyType: input.keyType },
      });
    });
    return { biller: biller.slug, request: made.request };
  },
});
