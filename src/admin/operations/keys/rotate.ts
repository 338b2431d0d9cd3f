import { z } from 'zod';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, requireReason } from '../operation.ts';
import { changeInput, changeOf, done, force, keyType, module, placeOf } from './input.ts';
import { stagedSentence } from './staged-sentence.ts';

export const stage = defineOperation({
  uses: ['billers', 'rotation'],
  input: z.strictObject({ ...changeInput, keyType, module }),
  output: done,
  run: async (services, input, actor) => {
    const biller = await requireBiller(services, input.biller);
    await services.rotation.stage(biller, input.keyType, changeOf(actor, input.reason), placeOf(input.module));
    return { biller: biller.slug, sentence: stagedSentence(biller, 'A key') };
  },
});

export const activate = defineOperation({
  uses: ['billers', 'rotation'],
  /** `confirmed`: those who fetched the certificate are the Service Provider, and it keeps several. */
  input: z.strictObject({ ...changeInput, force, confirmed: z.boolean().default(false) }),
  output: done,
  run: async (services, input, actor) => {
    const biller = await requireBiller(services, input.biller);
    const { force, confirmed } = input;
    if (force) requireReason(input.reason);
    await services.rotation.activate(biller, { ...changeOf(actor, input.reason), force, confirmed });
    return {
      biller: biller.slug,
      sentence:
        'The staged key is active; the previous one is retiring, and can be made active again until it is retired.',
    };
  },
});

export const backOut = defineOperation({
  uses: ['billers', 'rotation'],
  input: z.strictObject(changeInput),
  output: done,
  run: async (services, input, actor) => {
    const biller = await requireBiller(services, input.biller);
    await services.rotation.backOut(biller, changeOf(actor, input.reason));
    return { biller: biller.slug, sentence: 'The previous key is active again; the newer one is staged again.' };
  },
});
