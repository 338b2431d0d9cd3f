import { z } from 'zod';
import { InputError } from '../../platform/errors/idp-error.ts';
import { normaliseReference } from '../../platform/util/reference.ts';
import { defineOperation } from './operation.ts';

const show = defineOperation(
  'trace.show',
  z.strictObject({ reference: z.string().max(200) }),
  async ({ traces }, input) => {
    const reference = normaliseReference(input.reference);
    const found = await traces.find(reference);
    if (found !== undefined) return found;
    throw new InputError(
      `There is no trace "${reference}". A trace is kept for a week, of sign-ons that failed; expected are three words, e.g. maple-otter-lantern.`,
    );
  },
);

export const traceOperations = [show];
