import { z } from 'zod';
import { planOf } from '../../../core/keys/plan.ts';
import { isKnown } from '../../../core/keys/publication/fetcher.ts';
import { listFetches } from '../../../core/keys/publication/metadata-fetches.ts';
import { readKeyStatus, verdictOf } from '../../../core/keys/status.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, nothing, time } from '../operation.ts';

const DAY_MS = 86_400_000;
const MAX_FETCHES = 200;

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
    }),
  ),
  run: async (services, input) => {
    const biller = input.biller === undefined ? undefined : await requireBiller(services, input.biller);
    return services.keys.list(biller?.id);
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
});
const fetchFacts = z.object({
  at: z.number(),
  address: z.string(),
  client: z.string(),
  certificates: z.array(z.string()).readonly(),
});

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
      verdict: z.object({ safe: z.boolean(), unconfirmed: z.boolean(), sentence: z.string() }),
    }),
  ),
  run: async (services, input) => {
    const billers = input.billers && (await Promise.all(input.billers.map((slug) => requireBiller(services, slug))));
    const now = services.clock();
    const ids = billers?.map(({ id }) => id);
    const all = await readKeyStatus(services.database, ids, now);
    return all.map((one) => ({ ...one, verdict: verdictOf(one, now) }));
  },
});

export const fetches = defineOperation({
  uses: ['billers', 'database', 'clock'],
  input: z.strictObject({
    biller: z.string(),
    days: z.coerce.number<string | number>().int().min(1).max(400).default(30),
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
    }),
  ),
  run: async ({ keys, clock }) => planOf(await keys.list(), clock()),
});
