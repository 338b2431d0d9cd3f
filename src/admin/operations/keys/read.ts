import { z } from 'zod';
import { assertionsSignedWith } from '../../../core/audit/store.ts';
import { planOf } from '../../../core/keys/plan.ts';
import { isKnown } from '../../../core/keys/publication/fetcher.ts';
import { listFetches } from '../../../core/keys/publication/metadata-fetches.ts';
import { type CanaryFacts, type KeyStatus, readKeyStatus } from '../../../core/keys/status.ts';
import { TRUST_CHOICES, type Trust } from '../../../core/keys/trust/store.ts';
import { verdictOf } from '../../../core/keys/trust/verdict.ts';
import type { Database } from '../../../platform/database/database.ts';
import { maskEmails } from '../../../platform/util/mask.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, nothing, time, wholeNumber } from '../operation.ts';

const DAY_MS = 86_400_000;
const MAX_FETCHES = 200;

const trust = z.enum(TRUST_CHOICES);

export const list = defineOperation({
  uses: ['billers', 'keys'],
  input: z.strictObject({ biller: z.string().optional() }),
  output: z.array(
    z.object({
      id: z.string(),
      biller: z.string(),
      state: z.string(),
      keyType: z.string(),
      fingerprint: z.string(),
      moduleLabel: z.string().nullable(),
      notBefore: time,
      notAfter: time,
      createdAt: time,
      activatedAt: time.nullable(),
      stateSince: time,
      /** What Invoice Cloud did with a sign-on that the key signed; null: not known. */
      trust: trust.nullable(),
    }),
  ),
  run: async (services, input) => {
    const biller = input.biller === undefined ? undefined : await requireBiller(services, input.biller);
    const keys = await services.keys.list(biller?.id);
    return keys.map((key) => ({ ...key, trust: key.trust as Trust | null }));
  },
});

/** Times in a status are milliseconds since 1970. */
const keyFacts = z.object({
  fingerprint: z.string(),
  key_type: z.string(),
  module_label: z.string().nullable(),
  since: z.number(),
  not_before: z.number(),
  not_after: z.number(),
  /** What Invoice Cloud did with a sign-on that the key signed; null: not known. */
  trust: trust.nullable(),
  trust_at: z.number().nullable(),
});
const fetchFacts = z.object({
  at: z.number(),
  address: z.string(),
  client: z.string(),
  certificates: z.array(z.string()).readonly(),
});

const MAX_SIGN_ONS = 100;

async function canaryView({ db }: Database, { biller_id, staged }: KeyStatus, canary: CanaryFacts) {
  const { user_id, email, since } = canary;
  const which = { billerId: biller_id, key: staged?.fingerprint ?? '', since: new Date(since), userId: user_id };
  const { count, last } = await assertionsSignedWith(db, which, MAX_SIGN_ONS);
  return { user_id, user: maskEmails(email), since, sign_ons: count, last_sign_on: last?.getTime() ?? null };
}

export const status = defineOperation({
  uses: ['billers', 'database', 'clock'],
  input: z.strictObject({ billers: z.array(z.string()).optional() }),
  output: z.array(
    z.object({
      slug: z.string(),
      rotation: z.enum(['overlap', 'switch-on-fetch']),
      active: keyFacts.nullable(),
      staged: keyFacts.nullable(),
      retiring: keyFacts.nullable(),
      seen: z.number(),
      last_seen: fetchFacts.nullable(),
      seen_by: z
        .array(z.object({ at: z.number(), address: z.string(), client: z.string(), count: z.number() }))
        .readonly(),
      clients_known: z.boolean(),
      last_fetch: fetchFacts.nullable(),
      handed_over_until: z.number().nullable(),
      /** Like `seen`, of the active certificate. */
      active_seen: z.number(),
      canary: z
        .object({
          user_id: z.string(),
          /** The masked email address. */
          user: z.string(),
          since: z.number(),
          /** Sign-ons that the staged key signed since then, at most 100, and the last one. */
          sign_ons: z.number(),
          last_sign_on: z.number().nullable(),
        })
        .nullable(),
      verdict: z.object({ safe: z.boolean(), unconfirmed: z.boolean(), sentence: z.string() }),
    }),
  ),
  run: async (services, input) => {
    const billers = input.billers && (await Promise.all(input.billers.map((slug) => requireBiller(services, slug))));
    const now = services.clock();
    const ids = billers?.map(({ id }) => id);
    const all = await readKeyStatus(services.database, ids, now);
    return Promise.all(
      all.map(async (one) => ({
        ...one,
        canary: one.canary && (await canaryView(services.database, one, one.canary)),
        verdict: verdictOf(one, now),
      })),
    );
  },
});

export const fetches = defineOperation({
  uses: ['billers', 'database', 'clock'],
  input: z.strictObject({
    biller: z.string(),
    days: wholeNumber(1, 400, 'must be 1 to 400').default(30),
  }),
  output: z.array(
    z.object({
      at: time,
      address: z.string(),
      client: z.string(),
      status: z.number(),
      certificates: z.array(z.string()),
      monitor: z.boolean(),
      /** By one of the Service Provider's clients that the biller's settings list. */
      known: z.boolean(),
      count: z.number(),
    }),
  ),
  run: async (services, input) => {
    const biller = await requireBiller(services, input.biller);
    const since = new Date(services.clock() - input.days * DAY_MS);
    const all = await listFetches(services.database, biller.id, since, MAX_FETCHES);
    return all.map((fetch) => ({ ...fetch, known: isKnown(fetch, biller.settings) }));
  },
});

export const plan = defineOperation({
  uses: ['keys', 'clock'],
  input: nothing,
  output: z.array(
    z.object({
      biller: z.string(),
      fingerprint: z.string(),
      expires: time,
      daysLeft: z.number(),
      begin: time,
      step: z.enum(['expired', 'overdue', 'staged', 'planned']),
      /** Invoice Cloud is known to accept sign-ons with the staged key; null if no key is staged. */
      proven: z.boolean().nullable(),
    }),
  ),
  run: async ({ keys, clock }) => planOf(await keys.list(), clock()),
});
