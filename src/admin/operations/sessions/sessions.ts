import { z } from 'zod';
import { earlierAppendsEnded } from '../../../core/audit/earlier-appends.ts';
import type { Biller } from '../../../core/billers/biller.ts';
import { findUsersWithEmail } from '../../../core/portal-users/store.ts';
import { endSessions, listSessions, type SessionFilter } from '../../../core/sessions/store.ts';
import type { Transaction } from '../../../platform/database/database.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { newReference } from '../../../platform/util/reference.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, reason, time } from '../operation.ts';
import type { Uses } from '../services.ts';
import { email } from '../users/input.ts';
import { identitySchema, noUser } from '../users/view.ts';

type SessionServices = Uses<'database' | 'billers' | 'clock'>;

/** The sessions at a biller; if there is an email address, of everybody who has it. */
async function whose({ database, clock }: SessionServices, biller: Biller, address: string | undefined) {
  const userIds = address === undefined ? undefined : await findUsersWithEmail(database.db, biller.id, address);
  if (userIds?.length === 0) throw noUser(address ?? '');
  const idleMs = biller.settings.sessionIdleMinutes * 60_000;
  return { billerId: biller.id, userIds, now: new Date(clock()), idleMs } satisfies SessionFilter;
}

export const list = defineOperation({
  uses: ['database', 'billers', 'clock'],
  input: z.strictObject({ biller: z.string(), email: email.optional() }),
  output: z.array(
    z.object({
      /** The SessionIndex of its assertions; says nothing about the cookie. */
      session: z.string(),
      userId: z.string(),
      email: z.string(),
      ...identitySchema,
      /** How the person became known. */
      beganBy: z.enum(['password', 'portal', 'oidc']),
      authenticatedAt: time,
      lastSeenAt: time,
      expiresAt: time,
    }),
  ),
  run: async (services, input) => {
    const filter = await whose(services, await requireBiller(services, input.biller), input.email);
    const sessions = await listSessions(services.database.db, filter);
    return sessions.map(({ sessionIndex: session, ...rest }) => ({ session, ...rest }));
  },
});

export const end = defineOperation({
  uses: ['database', 'billers', 'clock', 'audit'],
  input: z.strictObject({
    biller: z.string(),
    email: email.optional(),
    session: z.string().optional(),
    all: z.boolean().optional(),
    reason: reason.optional(),
  }),
  output: z.object({ ended: z.number() }),
  run: async (services, input, { name: actor }) => {
    const { database, audit } = services;
    const wanted = [input.email, input.session, input.all === true ? true : undefined];
    if (wanted.filter((one) => one !== undefined).length !== 1) {
      throw new InputError('Either all sessions, those of one portal user, or one session can be ended.', {
        code: 'sessions_unclear',
      });
    }
    const biller = await requireBiller(services, input.biller);
    const filter = { ...(await whose(services, biller, input.email)), sessionIndex: input.session };
    const count = await database.transaction(async (transaction: Transaction) => {
      const ended = await endSessions(transaction, filter);
      if (ended.length === 0) {
        throw new InputError('There is no such session.', {
          code: 'session_not_found',
          names: { biller: biller.slug },
        });
      }
      const reference = newReference();
      for (const [userId, { email: address, sessions }] of byUser(ended)) {
        await audit.appendWithin(transaction, {
          event: 'session.ended_by_operator',
          reference,
          billerId: biller.id,
          userId,
          email: address,
          details: { actor, reason: input.reason ?? 'none', sessions },
        });
      }
      return ended.length;
    });
    await earlierAppendsEnded(database);
    return { ended: count };
  },
});

/** One event for each portal user, so that each of them is found by it. */
function byUser(ended: readonly { userId: string; email: string }[]) {
  const users = new Map<string, { email: string; sessions: number }>();
  for (const { userId, email: address } of ended) {
    users.set(userId, { email: address, sessions: (users.get(userId)?.sessions ?? 0) + 1 });
  }
  return users;
}
