import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { type ApiKeys, isValid, type RefusedKey, type ValidKey } from '../../core/api-keys/api-keys.ts';
import type { ApiKeyRole } from '../../core/api-keys/schema.ts';
import type { StrangersAudit } from '../../core/audit/strangers.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { networkOf } from '../../platform/http/clients/network.ts';
import { createBudget } from '../../platform/util/budget.ts';

/** The portal that makes a call. */
export interface Caller {
  readonly key: ValidKey;
  readonly biller: Biller;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Only on routes of the API that need a key. */
    caller?: Caller;
  }
  interface FastifyContextConfig {
    /** Who may call a route of the API: keys of this role, or everybody. */
    role?: ApiKeyRole | 'everybody';
  }
}

export interface AuthenticateServices {
  readonly apiKeys: ApiKeys;
  readonly billers: Billers;
  readonly strangersAudit: StrangersAudit;
  readonly clock: () => number;
}

const MINUTE_SECONDS = 60;
/** Calls a minute with one key at one instance: more than the portal of the largest utility makes. */
const CALLS_A_MINUTE = 6_000;
/** Refused calls a minute that are answered with 401, in all and from one network; what is more gets 429. */
const REFUSED_A_MINUTE = { all: 6_000, each: 60 };
/** No key is longer. */
const MAX_HEADER = 200;

/** @returns what the request has in place of a key (RFC 6750, 2.1) */
function bearerOf({ headers }: FastifyRequest): string | undefined {
  const { authorization } = headers;
  if (authorization === undefined) return undefined;
  return /^Bearer +([^ ]+)$/i.exec(authorization.slice(0, MAX_HEADER))?.[1] ?? '';
}

/** @returns who makes this call @throws Error on a route that does not require a key: a mistake of ours */
export function callerOf({ caller }: FastifyRequest): Caller {
  if (caller === undefined) throw new Error('This route states no role that has a key.');
  return caller;
}

/**
 * Lets nobody reach a route of this scope without a key of the route's role. A route that states no role does not start.
 *
 * @param callsAMinute with one key
 */
export function requireKeys(
  scope: FastifyInstance,
  { apiKeys, billers, strangersAudit, clock }: AuthenticateServices,
  callsAMinute = CALLS_A_MINUTE,
): void {
  const calls = new RateLimiterMemory({ points: callsAMinute, duration: MINUTE_SECONDS });
  const refused = createBudget(REFUSED_A_MINUTE, clock);

  /** Records a refusal. @returns the error, which is the same whatever is wrong */
  async function refusal(request: FastifyRequest, { reason, owner }: RefusedKey): Promise<IdpError> {
    const network = networkOf(request.ip);
    const about = { reference: request.id, address: request.ip, billerId: owner?.billerId };
    const details = { reason, key: owner?.id ?? 'none' };
    const from = { network, user: async () => undefined };
    await strangersAudit.append({ event: 'api.refused', ...about, details }, from);
    const detail = `API key: ${reason}`;
    if (refused.take(network, '') !== 'taken') {
      return new IdpError('too_many_requests', { detail, retryAfter: MINUTE_SECONDS });
    }
    return new IdpError('api_key_refused', { detail });
  }

  async function countCall({ id }: ValidKey): Promise<void> {
    try {
      await calls.consume(id);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      const retryAfter = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
      const sentence = `More than ${callsAMinute.toLocaleString('en')} calls came with this API key within a minute.`;
      throw new IdpError('too_many_requests', { detail: `calls with the API key ${id}`, sentence, retryAfter });
    }
  }

  scope.decorateRequest('caller');
  scope.addHook('onRoute', ({ method, url, config }) => {
    if (config?.role === undefined) throw new Error(`${String(method)} ${url} states no role.`);
  });
  scope.addHook('onRequest', async (request) => {
    const { role } = request.routeOptions.config;
    // Without a role it is no route at all.
    if (role === 'everybody' || role === undefined) return;
    const key = await apiKeys.check(bearerOf(request));
    if (!isValid(key)) throw await refusal(request, key);
    if (key.role !== role) throw await refusal(request, { reason: 'role', owner: key });
    const biller = await billers.bySlug(key.biller);
    request.facts.biller = biller.slug;
    request.facts.billerId = biller.id;
    request.caller = { key, biller };
    await countCall(key);
  });
}
