import { createHmac, createSecretKey, hash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ValidKey } from '../../core/api-keys/api-keys.ts';
import { seal, unseal } from '../../core/secrets/seal.ts';
import type { Database, Transaction } from '../../platform/database/database.ts';
import { deleteInBatches } from '../../platform/database/delete-in-batches.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { callerOf } from './authenticate.ts';

/** What a call answers. `after` runs once it is committed. */
interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly after?: () => Promise<void>;
}

/** Calls that may be sent again without being carried out again. */
export interface Idempotency {
  /**
   * Carries a call out, in one transaction with the note of its answer. Under an Idempotency-Key that was used before it
   * gives the first answer again.
   *
   * @throws IdpError idempotency_key_reused for another call under the same key; idempotency_conflict while the first one
   *   is worked on; what `work` throws, in which case nothing is noted
   */
  carryOut<Body>(
    request: FastifyRequest,
    reply: FastifyReply,
    work: (transaction: Transaction) => Promise<Answer<Body>>,
  ): Promise<Body>;
  deleteExpired(): Promise<void>;
}

const KEPT_MS = 24 * 60 * 60_000;
/** Longer than any call takes: whoever began it is gone. */
const ABANDONED_MS = 30_000;
const RETRY_AFTER_SECONDS = 1;
const CONTEXT = 'idempotency answer';

/** The header, for the schema of a route. The other headers stay as they are. */
export const idempotencyHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'must have 1 to 255 printable ASCII characters')
    .optional()
    .meta({
      description:
        'A fresh random text for each thing that you want done, e.g. a UUID. Sent again within 24 hours with the same body, the call is not carried out again, and you get the first answer.',
    }),
});

/** JSON with the fields of every object in the same order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

export function createIdempotency({ database, clock }: { database: Database; clock: () => number }): Idempotency {
  const { db } = database;

  /** The keys of one API key: the answers hold addresses of launches, which nobody reads out of the database. */
  const sealKey = (key: ValidKey) => createSecretKey(key.derive(CONTEXT));

  /** @returns the sealed answer, if the call was carried out before; otherwise it is begun now */
  async function claim(apiKeyId: string, keyHash: Buffer, fingerprint: Buffer, startedAt: Date) {
    const row = { apiKeyId, keyHash, fingerprint, startedAt, sealedAnswer: null };
    const begun = await db
      .insertInto('apiAnswers')
      .values(row)
      // What is too old, or was given up half-way, is begun afresh.
      .onConflict((conflict) =>
        conflict
          .columns(['apiKeyId', 'keyHash'])
          .doUpdateSet({ fingerprint, startedAt, sealedAnswer: null })
          .where((is) =>
            is.or([
              is('apiAnswers.startedAt', '<=', new Date(startedAt.getTime() - KEPT_MS)),
              is.and([
                is('apiAnswers.sealedAnswer', 'is', null),
                is('apiAnswers.startedAt', '<=', new Date(startedAt.getTime() - ABANDONED_MS)),
                is('apiAnswers.fingerprint', '=', fingerprint),
              ]),
            ]),
          ),
      )
      .returning('apiKeyId')
      .executeTakeFirst();
    if (begun !== undefined) return undefined;
    const known = await db
      .selectFrom('apiAnswers')
      .select(['fingerprint', 'sealedAnswer'])
      .where('apiKeyId', '=', apiKeyId)
      .where('keyHash', '=', keyHash)
      .executeTakeFirst();
    if (known !== undefined && !known.fingerprint.equals(fingerprint)) {
      throw new IdpError('idempotency_key_reused', { detail: 'another call came before', field: 'Idempotency-Key' });
    }
    if (known === undefined || known.sealedAnswer === null) {
      const detail = 'the same call is being worked on';
      throw new IdpError('idempotency_conflict', { detail, retryAfter: RETRY_AFTER_SECONDS });
    }
    return known.sealedAnswer;
  }

  async function begun<Body>(
    key: ValidKey,
    keyHash: Buffer,
    startedAt: Date,
    work: (transaction: Transaction) => Promise<Answer<Body>>,
  ): Promise<Answer<Body>> {
    const own = (one: Pick<Transaction, 'updateTable'>) =>
      one
        .updateTable('apiAnswers')
        .where('apiKeyId', '=', key.id)
        .where('keyHash', '=', keyHash)
        .where('startedAt', '=', startedAt)
        .where('sealedAnswer', 'is', null);
    try {
      return await database.transaction(async (transaction) => {
        const answer = await work(transaction);
        const { status, body } = answer;
        const sealedAnswer = seal(sealKey(key), Buffer.from(JSON.stringify({ status, body })), CONTEXT);
        const { numUpdatedRows } = await own(transaction).set({ sealedAnswer }).executeTakeFirst();
        if (numUpdatedRows !== 1n) {
          const detail = 'the call took so long that it was begun again';
          throw new IdpError('idempotency_conflict', { detail, retryAfter: RETRY_AFTER_SECONDS });
        }
        return answer;
      });
    } catch (error) {
      // Nothing was done, so it can be begun again at once. If the database is gone, that is possible a little later.
      await own(db)
        .set({ startedAt: new Date(0) })
        .execute()
        .catch(() => undefined);
      throw error;
    }
  }

  return {
    async carryOut(request, reply, work) {
      const { key } = callerOf(request);
      const given = request.headers['idempotency-key'];
      let answer: Awaited<ReturnType<typeof work>>;
      if (typeof given !== 'string') answer = await database.transaction(work);
      else {
        const keyHash = hash('sha256', given, 'buffer');
        const call = `${request.method} ${request.routeOptions.url} ${canonical(request.body)}`;
        const fingerprint = createHmac('sha256', key.derive('idempotency fingerprint')).update(call).digest();
        const startedAt = new Date(clock());
        const sealed = await claim(key.id, keyHash, fingerprint, startedAt);
        if (sealed !== undefined) {
          reply.header('idempotent-replayed', 'true');
          answer = JSON.parse(unseal(sealKey(key), sealed, CONTEXT).toString()) as typeof answer;
        } else answer = await begun(key, keyHash, startedAt, work);
      }
      await answer.after?.();
      reply.code(answer.status);
      return answer.body;
    },

    async deleteExpired() {
      const over = db
        .selectFrom('apiAnswers')
        .select(['apiKeyId', 'keyHash'])
        .where('startedAt', '<', new Date(clock() - KEPT_MS));
      await deleteInBatches((most) =>
        db
          .deleteFrom('apiAnswers')
          .where(({ eb, refTuple }) =>
            eb(refTuple('apiKeyId', 'keyHash'), 'in', over.limit(most).$asTuple('apiKeyId', 'keyHash')),
          )
          .executeTakeFirst(),
      );
    },
  };
}
