import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AcceptedRequest } from '../../core/authn-requests/check.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Db } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { COOKIE } from '../session-cookie.ts';

/**
 * A sign-on flow: an accepted request that waits while the portal user signs in or chooses an account, or until the
 * browser comes back from the POST binding with its Lax cookies. It belongs to the browser that began it, by a secret in
 * a cookie of its own, so that two tabs don't disturb each other.
 */
export interface Flows {
  /** Parks a request and binds it to the browser. @returns the flow's id */
  park(reply: FastifyReply, biller: Biller, accepted: AcceptedRequest): Promise<string>;
  /** @throws IdpError flow_unknown where it is over, of another browser or biller, or its ACS is no longer registered */
  find(request: FastifyRequest, biller: Biller, id: string): Promise<AcceptedRequest>;
  /** Ends a flow that came to its end. */
  finish(reply: FastifyReply, id: string): Promise<void>;
  deleteExpired(): Promise<void>;
}

const LIFETIME_MS = 15 * 60_000;
const ID = /^[\w-]{16}$/;
/** More unfinished flows than this in one browser, and the cookies of the others are dropped. */
const MAX_COOKIES = 8;
/** What a flood has left is more than one statement may take the time for. */
const DELETED_AT_ONCE = 5_000;
const COOKIE_PREFIX = '__Host-flow-';
/** Names of ours. A browser may send whatever else begins so, and not every name can be written back. */
const isFlowCookie = (name: string) => name.startsWith(COOKIE_PREFIX) && ID.test(name.slice(COOKIE_PREFIX.length));
const FLOW_COOKIE: CookieSerializeOptions = { ...COOKIE, maxAge: LIFETIME_MS / 1000 };

const hashSecret = (secret: string) => createHash('sha256').update(secret).digest();

export function createFlows({ db, clock }: { db: Db; clock: () => number }): Flows {
  return {
    async park(reply, biller, accepted) {
      const id = randomBytes(12).toString('base64url');
      const secret = randomBytes(32).toString('base64url');
      const expiresAt = new Date(clock() + LIFETIME_MS);
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
      // An operator may have taken it away meanwhile.
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
      let deleted: number;
      do {
        const { numDeletedRows } = await db
          .deleteFrom('signOnFlows')
          .where('id', 'in', expired.limit(DELETED_AT_ONCE))
          .executeTakeFirst();
        deleted = Number(numDeletedRows);
      } while (deleted === DELETED_AT_ONCE);
    },
  };
}
