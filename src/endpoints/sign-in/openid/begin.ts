import type { FastifyReply, FastifyRequest } from 'fastify';
import { acrValuesFor } from '../../../core/authn-requests/authn-context.ts';
import type { AcceptedRequest } from '../../../core/authn-requests/check.ts';
import { type Biller, openidUrls } from '../../../core/billers/biller.ts';
import type { MasterKey } from '../../../core/secrets/master-key.ts';
import type { Openid } from '../../../integrations/openid/openid.ts';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import type { Flows } from '../../sign-on/flows/flows.ts';
import type { Waiting } from '../waiting.ts';
import { moveOn } from './move-on.ts';
import { keepPending, newPending } from './pending.ts';

interface BeginServices {
  readonly openid: Openid;
  readonly flows: Flows;
  readonly masterKey: MasterKey;
  readonly publicUrl: string;
  readonly clock: () => number;
}

/**
 * Sends the browser to the provider of the biller, with what the waiting sign-on demands.
 *
 * @param again the person must sign in, also if the provider knows who they are
 * @throws IdpError provider_unavailable, provider_misconfigured, parameter_invalid
 */
export type BeginAtProvider = (
  request: FastifyRequest,
  reply: FastifyReply,
  biller: Biller,
  waiting: Waiting,
  again: boolean,
) => Promise<FastifyReply>;

/** OpenID Connect Core, 3.1.2.1, for ForceAuthn and IsPassive (SAML core, 3.4.1). */
function promptFor(accepted: AcceptedRequest | undefined, again: boolean): 'login' | 'none' | undefined {
  if (again || accepted?.forceAuthn === true) return 'login';
  return accepted?.isPassive === true ? 'none' : undefined;
}

export function createBeginAtProvider(services: BeginServices): BeginAtProvider {
  const { openid, flows, masterKey, publicUrl, clock } = services;

  /** The request that waits. If it is over, the person learns that once they are back. */
  async function waitingRequest(request: FastifyRequest, biller: Biller, { flow }: Waiting) {
    if (flow === undefined) return undefined;
    try {
      return (await flows.find(request, biller, flow)).accepted;
    } catch (error) {
      if (error instanceof IdpError && ['flow_unknown', 'flow_answered'].includes(error.code)) return undefined;
      throw error;
    }
  }

  return async (request, reply, biller, waiting, again) => {
    const accepted = await waitingRequest(request, biller, waiting);
    const { oidcIssuer, oidcClientId } = biller.settings;
    const pending = newPending(
      { issuer: oidcIssuer ?? '', clientId: oidcClientId ?? '' },
      { prompt: promptFor(accepted, again), fresh: accepted?.forceAuthn === true, waiting, startedAt: clock() },
    );
    const { callback } = openidUrls(publicUrl, biller.slug);
    const acrValues = acrValuesFor(accepted?.requestedAuthnContext, biller.settings);
    const href = await openid.authorizationUrl(biller, callback, { ...pending, prompt: pending.prompt, acrValues });
    keepPending(reply, masterKey, biller, pending);
    request.facts.outcome = 'sent_to_provider';
    return moveOn(reply, biller, href, 'the sign-in');
  };
}
