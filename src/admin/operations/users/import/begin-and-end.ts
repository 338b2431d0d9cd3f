import { z } from 'zod';
import { beginImport, endImport } from '../../../../core/portal-users/import/imports.ts';
import { newReference } from '../../../../platform/util/reference.ts';
import { requireBiller } from '../../billers/require-biller.ts';
import { defineOperation } from '../../operation.ts';

/**
 * Begins an import of a portal's users. Its rows are put by and checked before anything changes, so that a file of any
 * length needs no memory, and what was checked is what is done. An import of the same source's users that is under way
 * ends.
 */
export const begin = defineOperation({
  uses: ['database', 'billers'],
  input: z.strictObject({
    biller: z.string(),
    /** Whose users they are. Those of the directory have a password, which no file should hold. */
    source: z.enum(['portal', 'oidc']),
  }),
  /** `reference`: of all its audit events. */
  output: z.object({ import: z.string(), reference: z.string() }),
  run: async (services, { biller, source }) => {
    const { id: billerId } = await requireBiller(services, biller);
    const { id, reference } = await beginImport(services.database.db, { billerId, source }, newReference());
    return { import: id, reference };
  },
});

/** Ends an import and forgets its rows. What it has changed stays. */
export const end = defineOperation({
  uses: ['database'],
  input: z.strictObject({ import: z.uuid() }),
  output: z.object({}),
  run: async ({ database }, input) => {
    await endImport(database.db, input.import);
    return {};
  },
});
