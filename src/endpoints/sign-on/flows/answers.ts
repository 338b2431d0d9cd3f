import { createSecretKey, type KeyObject } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyRequest } from 'fastify';
import type { AnswerTarget } from '../../../core/authn-requests/check.ts';
import { seal, unseal } from '../../../core/secrets/seal.ts';
import type { Db } from '../../../platform/database/database.ts';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import { FLOW_LIFETIME_MS, sentSecret } from './flow-cookie.ts';

/** What a flow was answered with: everything to send it once more. */
interface Answer {
  readonly target: AnswerTarget;
  /** The signed Response, as XML. */
  readonly response: string;
  readonly assertionId: string;
  /** Fingerprint of the key that signed. */
  readonly key: string;
  readonly account: string;
  /** The hash of the session's identifier, in base64. */
  readonly session: string;
}

/**
 * The end of a flow. A person who clicks twice sends the form twice, and the browser shows only the answer to the second:
 * so one request of a flow makes the answer, and another one that comes at the same time or shortly after gets the same.
 * The answer is stored sealed with the secret of the browser's cookie: nobody else can read it, whoever has the database.
 */
export interface Answers {
  /**
   * Takes the turn to answer a flow, or waits for the request that has it.
   *
   * @returns false if the flow was answered meanwhile
   * @throws IdpError service_busy if the other one does not come to an end
   */
  takeTurn(flowId: string): Promise<boolean>;
  /** Gives the turn back, without an answer. */
  release(flowId: string): Promise<void>;
  /** Ends a flow with an answer. Its turn must have been taken. */
  answered(request: FastifyRequest, flowId: string, answer: Answer): Promise<void>;
  /** Ends a flow with an error, which is not sent again. */
  refused(flowId: string): Promise<void>;
  /** @returns the answer of a flow, for a request that was sent again; undefined if it is too late, or was sent too often */
  again(request: FastifyRequest, flowId: string): Promise<Answer | undefined>;
}

/** Longer than a person waits before clicking again; shorter than an assertion is valid. */
const REPEATED_WITHIN_MS = 30_000;
const MOST_REPEATS = 5;
/** A turn that took longer ended with its instance. */
const TURN_MS = 15_000;
const WAIT_MS = 10_000;
const LOOK_EVERY_MS = 100;
const RETRY_AFTER_SECONDS = 5;

const contextOf = (flowId: string) => `answer of flow ${flowId}`;

function keyOf(request: FastifyRequest, flowId: string): KeyObject | undefined {
  const secret = sentSecret(request, flowId);
  const bytes = Buffer.from(secret?.value ?? '', 'base64url');
  return bytes.length === 32 ? createSecretKey(bytes) : undefined;
}

export function createAnswers({ db, clock }: { db: Db; clock: () => number }): Answers {
  const after = (milliseconds: number) => new Date(clock() + milliseconds);
  const ended = () => ({ answeredAt: after(0), expiresAt: after(FLOW_LIFETIME_MS) });

  async function begin(flowId: string): Promise<boolean> {
    const now = after(0);
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('signOnAnswers')
      .columns(['flowId', 'billerId', 'secretHash', 'begunAt', 'expiresAt'])
      .expression((from) =>
        from
          .selectFrom('signOnFlows')
          .select((flow) => ['id', 'billerId', 'secretHash', flow.val(now).as('begunAt'), 'expiresAt'])
          .where('id', '=', flowId),
      )
      .onConflict((conflict) =>
        conflict
          .column('flowId')
          .doUpdateSet({ begunAt: now })
          .where('signOnAnswers.answeredAt', 'is', null)
          .where('signOnAnswers.begunAt', '<', after(-TURN_MS)),
      )
      .executeTakeFirst();
    return (numInsertedOrUpdatedRows ?? 0n) > 0n;
  }

  async function isAnswered(flowId: string): Promise<boolean> {
    const row = await db
      .selectFrom('signOnAnswers')
      .select('answeredAt')
      .where('flowId', '=', flowId)
      .executeTakeFirst();
    return row !== undefined && row.answeredAt !== null;
  }

  return {
    async takeTurn(flowId) {
      for (let waited = 0; waited <= WAIT_MS; waited += LOOK_EVERY_MS) {
        if (await begin(flowId)) return true;
        if (await isAnswered(flowId)) return false;
        await delay(LOOK_EVERY_MS);
      }
      const detail = 'another request of this flow is being answered, and takes too long';
      throw new IdpError('service_busy', { detail, retryAfter: RETRY_AFTER_SECONDS });
    },

    async release(flowId) {
      await db.deleteFrom('signOnAnswers').where('flowId', '=', flowId).where('answeredAt', 'is', null).execute();
    },

    async answered(request, flowId, answer) {
      const key = keyOf(request, flowId);
      const sealed = key && seal(key, Buffer.from(JSON.stringify(answer)), contextOf(flowId));
      await db
        .with('gone', (with_) => with_.deleteFrom('signOnFlows').where('id', '=', flowId))
        .updateTable('signOnAnswers')
        .set({ ...ended(), answer: sealed ?? null })
        .where('flowId', '=', flowId)
        .execute();
    },

    async refused(flowId) {
      await db
        .with('gone', (with_) =>
          with_.deleteFrom('signOnFlows').where('id', '=', flowId).returning(['id', 'billerId', 'secretHash']),
        )
        .insertInto('signOnAnswers')
        .columns(['flowId', 'billerId', 'secretHash', 'begunAt', 'answeredAt', 'expiresAt'])
        .expression((from) =>
          from.selectFrom('gone').select((flow) => {
            const { answeredAt, expiresAt } = ended();
            return [
              'id',
              'billerId',
              'secretHash',
              flow.val(answeredAt).as('begunAt'),
              flow.val(answeredAt).as('answeredAt'),
              flow.val(expiresAt).as('expiresAt'),
            ];
          }),
        )
        .onConflict((conflict) => conflict.column('flowId').doUpdateSet(ended()))
        .execute();
    },

    async again(request, flowId) {
      const key = keyOf(request, flowId);
      if (key === undefined) return undefined;
      const row = await db
        .updateTable('signOnAnswers')
        .set((value) => ({ repeats: value('repeats', '+', 1) }))
        .where('flowId', '=', flowId)
        .where('answeredAt', '>', after(-REPEATED_WITHIN_MS))
        .where('repeats', '<', MOST_REPEATS)
        .returning('answer')
        .executeTakeFirst();
      if (row?.answer == null) return undefined;
      try {
        return JSON.parse(unseal(key, row.answer, contextOf(flowId)).toString());
      } catch {
        // The cookie is not that of the browser that was answered.
        return undefined;
      }
    },
  };
}
