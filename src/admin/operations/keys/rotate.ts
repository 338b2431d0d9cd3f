import { z } from 'zod';
import { isNetwork } from '../../../core/keys/publication/fetcher.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, requireReason, time } from '../operation.ts';
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

const MAX_HOURS = 720;
const hours = `must be 1 to ${MAX_HOURS}`;

export const oneTimeUrl = defineOperation({
  uses: ['billers', 'oneTimeUrls'],
  input: z.strictObject({
    ...changeInput,
    hours: z.coerce.number<string | number>('must be a number').min(1, hours).max(MAX_HOURS, hours).default(72),
    networks: z.array(z.string().refine(isNetwork, 'must be an address or a network, e.g. 203.0.113.0/24')).default([]),
  }),
  output: z.object({ biller: z.string(), url: z.string(), expiresAt: time }),
  run: async (services, input, actor) => {
    const biller = await requireBiller(services, input.biller);
    const { hours, networks } = input;
    const change = changeOf(actor, input.reason);
    return { biller: biller.slug, ...(await services.oneTimeUrls.make(biller, { hours, networks }, change)) };
  },
});
