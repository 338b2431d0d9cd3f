import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AcceptedRequest } from '../../core/authn-requests/check.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Db } from '../../platform/database/database.ts';
import { deleteInBatches } from '../../platform/database/delete-in-batches.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { networkOf } from '../../platform/http/network.ts';
import { createBudget } from '../../platform/util/budget.ts';
import { COOKIE } from '../session-cookie.ts';

/**
 * A sign-on flow: an accepted request that waits while the portal user signs in or chooses an account, or until the
 * browser comes back from the POST binding with its Lax cookies. A secret in a cookie ties it to the browser that began
 * it. Every flow has its own cookie, so that two tabs don't interfere.
 */
export interface Flows {
  /** Parks a request and binds it to the browser. @returns the flow's id @throws IdpError too_many_requests, service_busy */
  park(reply: FastifyReply, biller: Biller, accepted: AcceptedRequest): Promise<string>;
  /** @throws IdpError flow_unknown if it is over, belongs to another browser or biller, or its ACS is not registered now */
  find(request: FastifyRequest, biller: Biller, id: string): Promise<AcceptedRequest>;
  /** Ends a flow: its request was answered. */
  finish(reply: FastifyReply, id: string): Promise<void>;
  deleteExpired(): Promise<void>;
}

const LIFETIME_MS = 15 * 60_000;
/**
 * Anyone can begin a sign-on, and it stays for a quarter of an hour. Usual ones take half a kilobyte each: a network (an
 * IPv6 /64) may begin some 100 a second.
 */
const BYTES_A_MINUTE = { all: 32_000_000, each: 4_000_000 };
/** What a row takes besides the request. */
const ROW_BYTES = 200;
const RETRY_AFTER_SECONDS = 60;
const ID = /^[\w-]{16}$/;
/** A browser keeps the cookies of this many unfinished flows. */
const MAX_COOKIES = 8;
const COOKIE_PREFIX = '__Host-flow-';
/** A browser may send other cookies with this prefix, and not every name can be written back. */
const isFlowCookie = (name: string) => name.startsWith(COOKIE_PREFIX) && ID.test(name.slice(COOKIE_PREFIX.length));
const FLOW_COOKIE: CookieSerializeOptions = { ...COOKIE, maxAge: LIFETIME_MS / 1000 };

const hashSecret = (secret: string) => createHash('sha256').update(secret).digest();

export function createFlows({ db, clock }: { db: Db; clock: () => number }): Flows {
  const budget = createBudget(BYTES_A_MINUTE, clock);

  /** @throws IdpError if too much was parked within this minute */
  function requireRoom({ ip }: FastifyRequest, accepted: AcceptedRequest): void {
    const bytes = ROW_BYTES + JSON.stringify(accepted).length;
    const limit = budget.take(networkOf(ip), '', bytes);
    if (limit === 'taken') return;
    const code = limit === 'each' ? 'too_many_requests' : 'service_busy';
    throw new IdpError(code, { detail: 'too many sign-ons wait for a person', retryAfter: RETRY_AFTER_SECONDS });
  }

  return {
    async park(reply, biller, accepted) {
      const id = randomBytes(12).toString('base64url');
      const secret = randomBytes(32).toString('base64url');
      const expiresAt = new Date(clock() + LIFETIME_MS);
      requireRoom(reply.request, accepted);
      await db
        .insertInto('signOnFlows')
        .values({ id, secretHash: hashSecret(secret), billerId: biller.id, request: accepted, expiresAt })
        .execute();
      const others = Object.keys(reply.request.cookies).filter(isFlowCookie);
      for (const name of others.slice(MAX_COOKIES - 1)) reply.clearCookie(name, COOKIE);
      reply.setCookie(COOKIE_PREFIX + id, secret, FLOW_COOKIE);
      return id;
    },

    async find(request, biller, id) {
      const secret = ID.test(id) ? request.cookies[COOKIE_PREFIX + id] : undefined;
      if (secret === undefined)
        throw new IdpError('flow_unknown', { detail: 'the browser has no cookie of this flow' });
      const flow = await db
        .selectFrom('signOnFlows')
        .selectAll()
        .where('id', '=', id)
        .where('billerId', '=', biller.id)
        .executeTakeFirst();
      if (flow === undefined || flow.expiresAt.getTime() <= clock()) {
        throw new IdpError('flow_unknown', { detail: 'the flow is finished or expired' });
      }
      if (!timingSafeEqual(hashSecret(secret), flow.secretHash)) {
        throw new IdpError('flow_unknown', { detail: 'the flow belongs to another browser' });
      }
      const accepted = flow.request;
      // An operator may have removed it since.
      if (!biller.serviceProvider.acs.some(({ url }) => url === accepted.acsUrl)) {
        throw new IdpError('flow_unknown', { detail: 'the ACS of the flow is not registered any more' });
      }
      return accepted;
    },

    async finish(reply, id) {
      await db.deleteFrom('signOnFlows').where('id', '=', id).execute();
      reply.clearCookie(COOKIE_PREFIX + id, COOKIE);
    },

    async deleteExpired() {
      const expired = db.selectFrom('signOnFlows').select('id').where('expiresAt', '<', new Date(clock()));
      await deleteInBatches((most) =>
        db.deleteFrom('signOnFlows').where('id', 'in', expired.limit(most)).executeTakeFirst(),
      );
    },
  };
}
