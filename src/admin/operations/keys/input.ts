import { z } from 'zod';
import type { Change } from '../../../core/keys/key-changes.ts';
import { KEY_TYPES } from '../../../core/keys/key-types.ts';
import type { KeyPlace } from '../../../core/keys/keys.ts';
import { newReference } from '../../../platform/util/reference.ts';
import { type Actor, reason } from '../operation.ts';

/** The input of every change to a biller's keys. */
export const changeInput = { biller: z.string(), reason: reason.optional() };

export const keyType = z.enum(KEY_TYPES).default('RSA-2048');

export const force = z.boolean().default(false);

/** True: in the HSM; false: in the database; omitted: in the same place as the previous key. */
export const module = z.boolean().optional();

export const placeOf = (given: boolean | undefined): KeyPlace | undefined =>
  given === undefined ? undefined : given ? 'module' : 'database';

/** @returns who changes a key, and why, with a new reference */
export const changeOf = ({ name: actor }: Actor, given: string | undefined): Change => ({
  actor,
  reason: given ?? 'routine',
  reference: newReference(),
});

/** What a change of keys returns: the biller, and what was done in words. */
export const done = z.object({ biller: z.string(), sentence: z.string() });
