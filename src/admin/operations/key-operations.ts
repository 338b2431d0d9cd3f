import { z } from 'zod';
import type { Services } from '../../app.ts';
import { KEY_TYPES } from '../../core/keys/key-types.ts';
import { planOf } from '../../core/keys/plan.ts';
import { isNetwork } from '../../core/keys/publication/fetcher.ts';
import { listFetches } from '../../core/keys/publication/metadata-fetches.ts';
import type { Change } from '../../core/keys/rotation.ts';
import { readKeyStatus, verdictOf } from '../../core/keys/status.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import { newReference } from '../../platform/util/reference.ts';
import { requireBiller } from './biller-operations.ts';
import { requireKey } from './key-material-operations.ts';
import { type Actor, defineOperation } from './operation.ts';
import { tellOf } from './revocation-notice.ts';

const reason = z.string().trim().min(1, '--reason must not be empty').max(500, '--reason has at most 500 characters');
const what = { biller: z.string(), reason: reason.optional() };
const keyType = z.enum(KEY_TYPES).default('RSA-2048');

const changeOf = (actor: Actor, given: string | undefined): Change => ({
  actor: actor.name,
  reason: given ?? 'routine',
  reference: newReference(),
});

const list = defineOperation('key.list', z.strictObject({ biller: z.string().optional() }), async (services, input) => {
  const biller = input.biller === undefined ? undefined : await requireBiller(services, input.biller);
  const keys = await services.keys.list(biller?.id);
  return keys.map(({ billerId: _, ...key }) => key);
});

const status = defineOperation(
  'key.status',
  z.strictObject({ billers: z.array(z.string()).optional() }),
  async (services, input) => {
    const billers = input.billers && (await Promise.all(input.billers.map((slug) => requireBiller(services, slug))));
    const ids = billers?.map(({ id }) => id);
    const now = services.clock();
    const all = await readKeyStatus(services.database, ids, now);
    return all.map(({ biller_id: _, ...one }) => ({ ...one, verdict: verdictOf({ biller_id: _, ...one }, now) }));
  },
);

const fetches = defineOperation(
  'key.fetches',
  z.strictObject({ biller: z.string(), days: z.coerce.number().int().min(1).max(400).default(30) }),
  async (services, input) => {
    const biller = await requireBiller(services, input.biller);
    const since = new Date(services.clock() - input.days * 86_400_000);
    const all = await listFetches(services.database, biller.id, since, 200);
    return all.map(({ at, address, client, status: code, certificates, monitor }) => ({
      at,
      address,
      client,
      status: code,
      certificates,
      monitor,
    }));
  },
);

const plan = defineOperation('key.plan', z.strictObject({}), async ({ keys, clock }) =>
  planOf(await keys.list(), clock()),
);

/** True: in the hardware module; false: in the database; left out: where the key before it is. */
const module = z.boolean().optional();
const placeOf = (given: boolean | undefined) => (given === undefined ? undefined : given ? 'module' : 'database');

const stage = defineOperation(
  'key.stage',
  z.strictObject({ ...what, keyType, module }),
  async (services, input, actor) => {
    const biller = await requireBiller(services, input.biller);
    await services.rotation.stage(biller, input.keyType, changeOf(actor, input.reason), placeOf(input.module));
    return { biller: biller.slug, sentence: 'A key is staged and published beside the active one, which still signs.' };
  },
);

/** What became of the private part of a key that is out of use. */
async function destroyedOf({ hsmKeys }: Services, subject: string): Promise<string> {
  const left = await hsmKeys.destroyScheduled();
  return left === undefined
    ? `${subject} and its private part destroyed.`
    : `${subject}. What it has in the hardware module is not destroyed yet, and will be as soon as the module answers: ${left}`;
}

const force = z.boolean().default(false);

const activate = defineOperation('key.activate', z.strictObject({ ...what, force }), async (services, input, actor) => {
  const biller = await requireBiller(services, input.biller);
  if (input.force && input.reason === undefined) {
    throw new InputError('--force needs --reason "...": it is written into the audit.');
  }
  await services.rotation.activate(biller, { ...changeOf(actor, input.reason), force: input.force });
  return { biller: biller.slug, sentence: 'The staged key is active; the one before it is retiring.' };
});

const backOut = defineOperation('key.back-out', z.strictObject(what), async (services, input, actor) => {
  const biller = await requireBiller(services, input.biller);
  await services.rotation.backOut(biller, changeOf(actor, input.reason));
  return { biller: biller.slug, sentence: 'The key before is active again; the newer one is staged again.' };
});

const handOverInput = z.strictObject({
  ...what,
  hours: z.coerce
    .number('--hours must be a number')
    .min(1, '--hours must be 1 to 720')
    .max(720, '--hours must be 1 to 720')
    .default(72),
  networks: z
    .array(z.string().refine(isNetwork, '--from must be an address or a network, e.g. 203.0.113.0/24'))
    .default([]),
});

const handOver = defineOperation('key.hand-over', handOverInput, async (services, input, actor) => {
  const biller = await requireBiller(services, input.biller);
  const { hours, networks } = input;
  const { url, expiresAt } = await services.oneTimeUrls.make(
    biller,
    { hours, networks },
    changeOf(actor, input.reason),
  );
  return { biller: biller.slug, url, expiresAt };
});

const retireInput = z.strictObject({ ...what, staged: z.boolean().default(false), force });

const retire = defineOperation('key.retire', retireInput, async (services, input, actor) => {
  const biller = await requireBiller(services, input.biller);
  const state = input.staged ? 'staged' : 'retiring';
  await services.rotation.retire(biller, state, { ...changeOf(actor, input.reason), force: input.force });
  return { biller: biller.slug, sentence: await destroyedOf(services, `The ${state} key is retired`) };
});

const revokeInput = z.strictObject({
  biller: z.string(),
  reason,
  /** The beginning of its SHA-256, hexadecimal; the active key where it is left out. */
  fingerprint: z.string().optional(),
  replace: z.enum(KEY_TYPES).optional(),
  module,
});

const revoke = defineOperation('key.revoke', revokeInput, async (services, input, actor) => {
  const biller = await requireBiller(services, input.biller);
  const key = await requireKey(services, biller.id, biller.slug, input.fingerprint);
  const change = { ...changeOf(actor, input.reason), reason: input.reason };
  await services.rotation.revoke(biller, key, input.replace, change, placeOf(input.module));
  const active = key.state === 'active';
  const sentence = await destroyedOf(services, `The key ${key.fingerprint} is revoked`);
  return {
    biller: biller.slug,
    sentence,
    revoked: key.fingerprint,
    replaced: active,
    tell: active ? tellOf(biller) : [],
  };
});

export const keyOperations = [list, status, fetches, plan, stage, activate, backOut, handOver, retire, revoke];
