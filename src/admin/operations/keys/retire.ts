import { z } from 'zod';
import { KEY_TYPES } from '../../../core/keys/key-types.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, reason } from '../operation.ts';
import type { Uses } from '../services.ts';
import { changeInput, changeOf, done, force, module, placeOf } from './input.ts';
import { requireKey } from './require-key.ts';
import { revocationNotice } from './revocation-notice.ts';

/** Whether the private part of a retired or revoked key has been destroyed. */
async function destroyedOf({ hsmKeys }: Uses<'hsmKeys'>, subject: string): Promise<string> {
  const left = await hsmKeys.destroyScheduled();
  return left === undefined
    ? `${subject} and its private part destroyed.`
    : `${subject}. Its key in the HSM is not destroyed yet, but will be as soon as the HSM responds: ${left}`;
}

export const retire = defineOperation({
  uses: ['billers', 'rotation', 'hsmKeys'],
  input: z.strictObject({ ...changeInput, staged: z.boolean().default(false), force }),
  output: done,
  run: async (services, input, actor) => {
    const biller = await requireBiller(services, input.biller);
    const state = input.staged ? 'staged' : 'retiring';
    await services.rotation.retire(biller, state, { ...changeOf(actor, input.reason), force: input.force });
    return { biller: biller.slug, sentence: await destroyedOf(services, `The ${state} key is retired`) };
  },
});

export const revoke = defineOperation({
  uses: ['billers', 'database', 'rotation', 'hsmKeys'],
  input: z.strictObject({
    biller: z.string(),
    reason,
    /** The beginning of its SHA-256 fingerprint, hexadecimal; the active key if omitted. */
    fingerprint: z.string().optional(),
    replace: z.enum(KEY_TYPES).optional(),
    module,
  }),
  output: done.extend({ revoked: z.string(), replaced: z.boolean(), tell: z.array(z.string()) }),
  run: async (services, input, actor) => {
    const biller = await requireBiller(services, input.biller);
    const key = await requireKey(services, biller, input.fingerprint);
    const change = changeOf(actor, input.reason);
    await services.rotation.revoke(biller, key, input.replace, change, placeOf(input.module));
    const active = key.state === 'active';
    return {
      biller: biller.slug,
      sentence: await destroyedOf(services, `The key ${key.fingerprint} is revoked`),
      revoked: key.fingerprint,
      replaced: active,
      tell: active ? revocationNotice(biller) : [],
    };
  },
});
