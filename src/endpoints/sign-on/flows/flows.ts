import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AcceptedRequest } from '../../../core/authn-requests/check.ts';
import type { Biller } from '../../../core/billers/biller.ts';
import type { Db } from '../../../platform/database/database.ts';
import { deleteInBatches } from '../../../platform/database/delete-in-batches.ts';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import { networkOf } from '../../../platform/http/clients/network.ts';
import { createBudget } from '../../../platform/util/budget.ts';
import { hasAcs } from '../sign-on-context.ts';
import { FLOW_LIFETIME_MS, giveSecret, isSecret, sentSecret } from './flow-cookie.ts';

/** A request that waits, and what its portal user has chosen. */
export interface Parked {
  readonly accepted: AcceptedRequest;
  /** An account number as a form sent it. */
  readonly chosen: string | undefined;
}

/**
 * A sign-on flow: an accepted request that waits while the portal user signs in or chooses an account, or until the
 * browser comes back from the POST binding with its Lax cookies. A secret in a cookie ties it to the browser that began
 * it. It ends with its answer: see answers.ts.
 */
export interface Flows {
  /** Parks a request and binds it to the browser. @returns the flow's id @throws IdpError too_many_requests, service_busy */
  park(reply: FastifyReply, biller: Biller, accepted: AcceptedRequest): Promise<string>;
  /**
   * @throws IdpError flow_answered if it was answered; flow_unknown if it expired, belongs to another browser or biller,
   *   or its ACS is not registered now
   */
  find(request: FastifyRequest, biller: Biller, id: string): Promise<Parked>;
  /** Remembers the chosen account, for a flow that can't be answered yet. */
  choose(id: string, account: string): Promise<void>;
  deleteExpired(): Promise<void>;
}

/**
 * Anyone can begin a sign-on, and it stays for a quarter of an hour. Usual ones take half a kilobyte each: a network (an
 * IPv6 /64) may begin some 100 a second.
 */
const BYTES_A_MINUTE = { all: 32_000_000, each: 4_000_000 };
/** What a row takes besides the request. */
const ROW_BYTES = 200;
const RETRY_AFTER_SECONDS = 60;

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

  /** A flow that waits, or else one that was answered. */
  async function look(biller: Biller, id: string) {
    const flow = await db
      .selectFrom('signOnFlows')
      .selectAll()
      .where('id', '=', id)
      .where('billerId', '=', biller.id)
      .executeTakeFirst();
    if (flow !== undefined) return { ...flow, answered: false as const };
    const answer = await db
      .selectFrom('signOnAnswers')
      .select(['secretHash', 'expiresAt'])
      .where('flowId', '=', id)
      .where('billerId', '=', biller.id)
      .executeTakeFirst();
    return answer && { ...answer, answered: true as const };
  }

  return {
    async park(reply, biller, accepted) {
      const id = randomBytes(12).toString('base64url');
      requireRoom(reply.request, accepted);
      const { hash: secretHash } = giveSecret(reply, id);
      const expiresAt = new Date(clock() + FLOW_LIFETIME_MS);
      await db
        .insertInto('signOnFlows')
        .values({ id, secretHash, billerId: biller.id, request: accepted, expiresAt })
        .execute();
      return id;
    },

    async find(request, biller, id) {
      const unknown = (detail: string) => new IdpError('flow_unknown', { detail });
      const secret = sentSecret(request, id);
      if (secret === undefined) throw unknown('the browser has no cookie of this flow');
      const flow = await look(biller, id);
      if (flow === undefined || flow.expiresAt.getTime() <= clock()) throw unknown('the flow has expired');
      if (!isSecret(secret, flow.secretHash)) throw unknown('the flow belongs to another browser');
      if (flow.answered) throw new IdpError('flow_answered', { detail: 'the flow was answered before' });
      const { request: accepted, chosen } = flow;
      // An operator may have removed it since.
      if (!hasAcs(biller, accepted)) {
        throw unknown('the ACS of the flow is not registered any more');
      }
      return { accepted, chosen: chosen ?? undefined };
    },

    async choose(id, account) {
      await db.updateTable('signOnFlows').set({ chosen: account }).where('id', '=', id).execute();
    },

    async deleteExpired() {
      const now = new Date(clock());
      const flows = db.selectFrom('signOnFlows').select('id').where('expiresAt', '<', now);
      await deleteInBatches((most) =>
        db.deleteFrom('signOnFlows').where('id', 'in', flows.limit(most)).executeTakeFirst(),
      );
      const answers = db.selectFrom('signOnAnswers').select('flowId').where('expiresAt', '<', now);
      await deleteInBatches((most) =>
        db.deleteFrom('signOnAnswers').where('flowId', 'in', answers.limit(most)).executeTakeFirst(),
      );
    },
  };
}
