import { z } from 'zod';
import { hashSecret, newKeyText, prefixOf, writeKey } from '../../../core/api-keys/key-text.ts';
import { API_KEY_ROLES } from '../../../core/api-keys/schema.ts';
import { insertKey, listKeys, revokeKey } from '../../../core/api-keys/store.ts';
import { lockBiller } from '../../../core/billers/store.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { newReference } from '../../../platform/util/reference.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, time } from '../operation.ts';

const HOUR_MS = 3_600_000;
const HOURS = { h: 1, d: 24 } as const;
const MAX_HOURS = 3650 * HOURS.d;
/** Two are enough for a rotation, and some portals have several back ends. */
const MAX_VALID = 20;
const HOW_LONG = 'must be a number of days or hours, e.g. 365d or 12h, and at most 3650d';

/** @returns hours */
const lifetime = z.string().transform((text, context) => {
  const [, count, unit] = /^([1-9]\d{0,5})([dh])$/.exec(text) ?? [];
  const hours = Number(count) * HOURS[unit as keyof typeof HOURS];
  if (hours <= MAX_HOURS) return hours;
  context.addIssue({ code: 'custom', message: HOW_LONG, input: text });
  return z.NEVER;
});

type State = 'valid' | 'expired' | 'revoked';

function stateOf(key: { readonly revokedAt: Date | null; readonly expiresAt: Date | null }, now: number): State {
  if (key.revokedAt !== null) return 'revoked';
  return key.expiresAt !== null && now >= key.expiresAt.getTime() ? 'expired' : 'valid';
}

export const add = defineOperation({
  uses: ['database', 'billers', 'audit', 'clock'],
  input: z.strictObject({ biller: z.string(), role: z.enum(API_KEY_ROLES), expires: lifetime.optional() }),
  /** The key is shown here, once. */
  output: z.object({ id: z.string(), key: z.string(), expiresAt: time.nullable() }),
  run: async (services, { biller, role, expires }, { name: actor }) => {
    const { database, audit, clock } = services;
    const { id: billerId, slug } = await requireBiller(services, biller);
    const text = newKeyText();
    const now = clock();
    const expiresAt = expires === undefined ? null : new Date(now + expires * HOUR_MS);
    await database.transaction(async (transaction) => {
      // Two at the same time must not both be the last one.
      await lockBiller(transaction, slug);
      const valid = (await listKeys(transaction, billerId)).filter((key) => stateOf(key, now) === 'valid');
      if (valid.length >= MAX_VALID) {
        throw new InputError(`${slug} has ${MAX_VALID} valid API keys already. Revoke one that is not used any more.`, {
          code: 'api_keys_too_many',
          names: { biller: slug },
        });
      }
      await insertKey(transaction, {
        id: text.id,
        billerId,
        role,
        secretHash: hashSecret(text.secret),
        createdAt: new Date(now),
        expiresAt,
        revokedAt: null,
        lastUsedAt: null,
      });
      await audit.appendWithin(transaction, {
        event: 'api_key.added',
        reference: newReference(),
        billerId,
        details: { actor, key: text.id, role, expires: expiresAt?.toISOString() ?? 'never' },
      });
    });
    return { id: text.id, key: writeKey(text), expiresAt };
  },
});

export const list = defineOperation({
  uses: ['database', 'billers', 'clock'],
  input: z.strictObject({ biller: z.string() }),
  output: z.array(
    z.object({
      id: z.string(),
      /** What the key begins with. */
      prefix: z.string(),
      role: z.enum(API_KEY_ROLES),
      state: z.enum(['valid', 'expired', 'revoked']),
      createdAt: time,
      /** To the minute. */
      lastUsedAt: time.nullable(),
      expiresAt: time.nullable(),
      revokedAt: time.nullable(),
    }),
  ),
  run: async (services, { biller }) => {
    const { id: billerId } = await requireBiller(services, biller);
    const now = services.clock();
    const keys = await listKeys(services.database.db, billerId);
    return keys.map(({ secretHash: _, ...key }) => ({ ...key, prefix: prefixOf(key.id), state: stateOf(key, now) }));
  },
});

export const revoke = defineOperation({
  uses: ['database', 'billers', 'audit', 'clock'],
  input: z.strictObject({ biller: z.string(), id: z.string() }),
  output: z.object({ revoked: z.string() }),
  run: async (services, { biller, id }, { name: actor }) => {
    const { database, audit, clock } = services;
    const { id: billerId, slug } = await requireBiller(services, biller);
    await database.transaction(async (transaction) => {
      if (!(await revokeKey(transaction, billerId, id, new Date(clock())))) {
        throw new InputError(`${slug} has no API key with this ID that could be revoked.`, {
          code: 'api_key_not_found',
          names: { biller: slug },
        });
      }
      const details = { actor, key: id };
      await audit.appendWithin(transaction, {
        event: 'api_key.revoked',
        reference: newReference(),
        billerId,
        details,
      });
    });
    return { revoked: id };
  },
});
