import { z } from 'zod';
import type { Biller } from '../../../core/billers/biller.ts';
import { readKeyStatus } from '../../../core/keys/status.ts';
import { keyInState, type SigningKeyRow } from '../../../core/keys/store.ts';
import { keyToJudge } from '../../../core/keys/trust/canary.ts';
import { TRUST_CHOICES, type Trust } from '../../../core/keys/trust/store.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation } from '../operation.ts';
import type { Uses } from '../services.ts';
import { email } from '../users/input.ts';
import { requireOneUser, whoSchema } from '../users/who.ts';
import { changeInput, changeOf, done } from './input.ts';
import { requireKey } from './require-key.ts';

export const start = defineOperation({
  uses: ['billers', 'database', 'canary', 'clock'],
  input: z.strictObject({ ...changeInput, user: email, source: whoSchema.source, externalId: whoSchema.externalId }),
  output: done,
  run: async (services, input, actor) => {
    const { database, canary, clock } = services;
    const biller = await requireBiller(services, input.biller);
    const { user: address, source, externalId } = input;
    const user = await requireOneUser(database.db, biller.id, { email: address, source, externalId });
    await canary.start(biller, user, changeOf(actor, input.reason));
    const [status] = await readKeyStatus(database, [biller.id], clock());
    const unseen =
      status?.seen === 0
        ? ' The Service Provider has not fetched the staged certificate: unless it got it in another way, it will refuse the sign-on.'
        : '';
    return {
      biller: biller.slug,
      sentence: `The staged key signs for this portal user, and the active one for everybody else.${unseen}`,
    };
  },
});

export const stop = defineOperation({
  uses: ['billers', 'canary'],
  input: z.strictObject(changeInput),
  output: done,
  run: async (services, input, actor) => {
    const biller = await requireBiller(services, input.biller);
    await services.canary.stop(biller, changeOf(actor, input.reason));
    return { biller: biller.slug, sentence: 'The canary has ended. The active key signs for everybody.' };
  },
});

async function nextStep(
  { database }: Uses<'database'>,
  { id, slug, settings }: Biller,
  { state }: SigningKeyRow,
  verdict: Trust,
): Promise<string> {
  if (state === 'staged') {
    if (verdict === 'accepted') return `It is safe to activate: \`ic-idp key activate ${slug}\`.`;
    const change =
      settings.rotation === 'overlap'
        ? `set the rotation to switch-on-fetch with \`ic-idp biller update ${slug}\`, then `
        : '';
    return `The active key signs for everybody. Hand the staged key over instead: ${change}\`ic-idp key hand-over ${slug}\`.`;
  }
  const retiring = await keyInState(database.db, id, 'retiring');
  if (verdict === 'accepted') {
    return retiring === undefined ? '' : `The old key is not needed any more: \`ic-idp key retire ${slug}\`.`;
  }
  return retiring === undefined
    ? 'Ask Invoice Cloud to save the metadata URL again in the biller’s form.'
    : `Go back to the old key: \`ic-idp key back-out ${slug}\`.`;
}

export const judge = defineOperation({
  uses: ['billers', 'database', 'canary'],
  input: z.strictObject({
    ...changeInput,
    verdict: z.enum(TRUST_CHOICES),
    /** The beginning of its SHA-256 fingerprint, hexadecimal; the canary’s key, or the active one, if omitted. */
    fingerprint: z.string().optional(),
  }),
  output: done,
  run: async (services, input, actor) => {
    const { database, canary } = services;
    const { verdict, fingerprint } = input;
    const biller = await requireBiller(services, input.biller);
    const key =
      fingerprint === undefined
        ? await keyToJudge(database.db, biller)
        : await requireKey(services, biller, fingerprint);
    await canary.judge(biller, key, verdict, changeOf(actor, input.reason));
    const noted = `Noted: Invoice Cloud ${verdict} a sign-on with the ${key.state} key.`;
    return { biller: biller.slug, sentence: `${noted} ${await nextStep(services, biller, key, verdict)}`.trim() };
  },
});
