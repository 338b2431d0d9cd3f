import { z } from 'zod';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { normalizeReference } from '../../../platform/util/reference.ts';
import { defineOperation, time } from '../operation.ts';
import { checkResults } from './check-results.ts';

export const show = defineOperation({
  uses: ['traces'],
  input: z.strictObject({ reference: z.string().max(200) }),
  output: z.object({
    reference: z.string(),
    biller: z.string().nullable(),
    at: time,
    trace: z.object({
      code: z.string(),
      sentence: z.string(),
      detail: z.string(),
      binding: z.string().optional(),
      message: z.array(z.string()).readonly().optional(),
      relayStateBytes: z.number().optional(),
      checks: checkResults,
    }),
  }),
  run: async ({ traces }, input) => {
    const reference = normalizeReference(input.reference);
    const found = await traces.find(reference);
    if (found !== undefined) return found;
    throw new InputError(
      `There is no trace "${reference}". Traces of failed sign-ons are kept for a week. Give the three words, e.g. maple-otter-lantern.`,
      { code: 'trace_not_found' },
    );
  },
});
