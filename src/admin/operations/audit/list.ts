import { z } from 'zod';
import { AUDIT_EVENT_NAMES } from '../../../core/audit/events.ts';
import { settledUpTo } from '../../../core/audit/settled.ts';
import { listEvents } from '../../../core/audit/store.ts';
import { normalizeReference } from '../../../platform/util/reference.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, time } from '../operation.ts';

const MAX_EVENTS = 10_000;
const limit = `must be 1 to ${MAX_EVENTS}`;

/** All given filters must match. */
const filters = z.strictObject({
  biller: z.string().optional(),
  email: z.string().optional(),
  /** The internal ID. */
  user: z.uuid('must be the internal ID of a portal user').optional(),
  event: z.enum(AUDIT_EVENT_NAMES, `must be one of ${AUDIT_EVENT_NAMES.join(', ')}`).optional(),
  reference: z.string().optional(),
  request: z.string().optional(),
  assertion: z.string().optional(),
  since: z.coerce.date<string>('must be a date or time, e.g. 2026-03-01 or 2026-03-01T08:00:00Z').optional(),
  before: z.coerce.number<string | number>('must be the ID of an event').int().optional(),
  /** Oldest first, and complete: whoever goes on from the last ID of each page gets every event once. */
  after: z.coerce.number<string | number>('must be the ID of an event, or 0').int().min(0).optional(),
  limit: z.coerce.number<string | number>('must be a number').int().min(1, limit).max(MAX_EVENTS, limit).default(50),
});

export const list = defineOperation({
  uses: ['database', 'billers', 'keyedHash'],
  input: filters,
  output: z.array(
    z.object({
      id: z.number(),
      at: time,
      event: z.string(),
      reference: z.string(),
      biller: z.string().nullable(),
      userId: z.string().nullable(),
      requestId: z.string().nullable(),
      assertionId: z.string().nullable(),
      keyFingerprint: z.string().nullable(),
      details: z.record(z.string(), z.unknown()),
    }),
  ),
  run: async (services, input) => {
    const { database, keyedHash } = services;
    const biller = input.biller === undefined ? undefined : await requireBiller(services, input.biller);
    return listEvents(database.db, {
      billerId: biller?.id,
      userId: input.user,
      emailHash: input.email === undefined ? undefined : keyedHash.email(input.email.trim()),
      event: input.event,
      reference: input.reference === undefined ? undefined : normalizeReference(input.reference),
      requestId: input.request,
      assertionId: input.assertion,
      since: input.since,
      before: input.before,
      between: input.after === undefined ? undefined : { after: input.after, upTo: await settledUpTo(database) },
      limit: input.limit,
    });
  },
});
