import { z } from 'zod';
import { AUDIT_EVENT_NAMES } from '../../../core/audit/events.ts';
import { plainAddress } from '../../../core/audit/people.ts';
import { settledUpTo } from '../../../core/audit/settled.ts';
import { listEvents } from '../../../core/audit/store.ts';
import { isNetwork } from '../../../core/keys/publication/fetcher.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { normalizeReference } from '../../../platform/util/reference.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, time, wholeNumber } from '../operation.ts';

const MAX_EVENTS = 10_000;
const limit = `must be 1 to ${MAX_EVENTS}`;

/** All given filters must match. */
const filters = z.strictObject({
  biller: z.string().optional(),
  email: z.string().optional(),
  /** The number of an account; needs the biller. */
  account: z.string().optional(),
  /** The LoginType claim for that account. */
  loginType: wholeNumber(0, 99, 'must be a login type, 0 to 99').optional(),
  address: z
    .string()
    .refine(isNetwork, 'must be an IP address or a network, e.g. 203.0.113.7 or 10.0.0.0/8')
    .optional(),
  /** The internal ID. */
  user: z.uuid('must be the internal ID of a portal user').optional(),
  event: z.enum(AUDIT_EVENT_NAMES, `must be one of ${AUDIT_EVENT_NAMES.join(', ')}`).optional(),
  reference: z.string().optional(),
  request: z.string().optional(),
  assertion: z.string().optional(),
  since: z.coerce.date<string>('must be a date or time, e.g. 2026-03-01 or 2026-03-01T08:00:00Z').optional(),
  before: wholeNumber(0, Number.MAX_SAFE_INTEGER, 'must be the ID of an event').optional(),
  /** Oldest first, and complete: whoever goes on from the last ID of each page gets every event once. */
  after: wholeNumber(0, Number.MAX_SAFE_INTEGER, 'must be the ID of an event, or 0').optional(),
  limit: wholeNumber(1, MAX_EVENTS, limit).default(50),
});

/** Without the zone of a local address, which is not stored. */
const plainNetwork = (text: string) => plainAddress(text) ?? text.replace(/%[^/]*/, '');

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
      address: z.string().nullable(),
      requestId: z.string().nullable(),
      assertionId: z.string().nullable(),
      keyFingerprint: z.string().nullable(),
      details: z.record(z.string(), z.unknown()),
    }),
  ),
  run: async (services, input) => {
    const { database, keyedHash } = services;
    const biller = input.biller === undefined ? undefined : await requireBiller(services, input.biller);
    const { account, loginType } = input;
    if (account !== undefined && biller === undefined) {
      throw new InputError('An account is looked up at a biller: name it too.', {
        code: 'biller_missing',
        field: 'biller',
      });
    }
    if (loginType !== undefined && account === undefined) {
      throw new InputError('A login type is stored together with its account: name that too.', {
        code: 'account_missing',
        field: 'account',
      });
    }
    const ofAccount = biller !== undefined && account !== undefined;
    return listEvents(database.db, {
      // The hash of an account contains its biller, and the index of accounts is the better one.
      billerId: ofAccount ? undefined : biller?.id,
      userId: input.user,
      emailHash: input.email === undefined ? undefined : keyedHash.email(input.email.trim()),
      accountHash: ofAccount ? keyedHash.account(biller.id, account) : undefined,
      loginTypeHash:
        ofAccount && loginType !== undefined ? keyedHash.loginType(biller.id, account, loginType) : undefined,
      address: input.address === undefined ? undefined : plainNetwork(input.address),
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
