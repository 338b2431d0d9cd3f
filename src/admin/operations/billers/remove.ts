import { z } from 'zod';
import { earlierAppendsEnded } from '../../../core/audit/earlier-appends.ts';
import { deleteBiller } from '../../../core/billers/store.ts';
import { scheduleDestructionOfAll } from '../../../core/keys/hsm/destruction.ts';
import { newReference } from '../../../platform/util/reference.ts';
import { defineOperation } from '../operation.ts';
import { requireBiller } from './require-biller.ts';

export const remove = defineOperation({
  uses: ['database', 'billers', 'hsmKeys', 'audit', 'clock'],
  input: z.strictObject({ slug: z.string() }),
  output: z.object({ removed: z.string() }),
  run: async (services, { slug }, { name: actor }) => {
    const { database, audit, hsmKeys, clock } = services;
    const { id: billerId } = await requireBiller(services, slug);
    await database.transaction(async (transaction) => {
      await scheduleDestructionOfAll(transaction, billerId, new Date(clock()));
      await deleteBiller(transaction, billerId);
      await audit.appendWithin(transaction, {
        event: 'biller.removed',
        reference: newReference(),
        billerId,
        details: { actor, slug },
      });
    });
    await earlierAppendsEnded(database);
    await hsmKeys.destroyScheduled();
    return { removed: slug };
  },
});
