import { z } from 'zod';
import { AUDIT_EVENT_NAMES } from '../../core/audit/events.ts';
import { listEvents } from '../../core/audit/store.ts';
import { normaliseReference } from '../../platform/util/reference.ts';
import { requireBiller } from './biller-operations.ts';
import { defineOperation } from './operation.ts';

const auditInput = z.strictObject({
  biller: z.string().optional(),
  email: z.string().optional(),
  user: z.uuid('--user must be the internal id that `ic-idp user list --json` shows').optional(),
  event: z.enum(AUDIT_EVENT_NAMES, `--event must be one of ${AUDIT_EVENT_NAMES.join(', ')}`).optional(),
  reference: z.string().optional(),
  request: z.string().optional(),
  assertion: z.string().optional(),
  since: z.coerce.date('--since must be a date or time, e.g. 2026-03-01 or 2026-03-01T08:00:00Z').optional(),
  before: z.coerce.number('--before must be the number of an event').int().optional(),
  limit: z.coerce
    .number('--limit must be a number')
    .int()
    .min(1, '--limit must be 1 to 10000')
    .max(10_000, '--limit must be 1 to 10000')
    .default(50),
});

const list = defineOperation('audit.list', auditInput, async (services, input) => {
  const biller = input.biller === undefined ? undefined : await requireBiller(services, input.biller);
  return listEvents(services.database.db, {
    billerId: biller?.id,
    userId: input.user,
    emailHash: input.email === undefined ? undefined : services.masterKey.hashEmail(input.email.trim()),
    event: input.event,
    reference: input.reference === undefined ? undefined : normaliseReference(input.reference),
    requestId: input.request,
    assertionId: input.assertion,
    since: input.since,
    before: input.before,
    limit: input.limit,
  });
});

export const auditOperations = [list];
