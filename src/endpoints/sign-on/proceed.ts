import type { FastifyReply } from 'fastify';
import { OutdatedState } from '../../core/audit/fence.ts';
import { RefusedRequest } from '../../core/authn-requests/refused-request.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Account } from '../../core/billers/claims.ts';
import { isNameIdOf } from '../../core/billers/name-id.ts';
import type { Session, Sessions } from '../../core/sessions/sessions.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { isFramed } from '../../platform/http/clients/same-origin.ts';
import { sendPage, sendTo } from '../../platform/http/pages/reply.ts';
import { rawQuery } from '../../platform/http/parameters.ts';
import type { Metrics } from '../../platform/metrics.ts';
import { meantBy, sessionsHere } from '../sessions-here.ts';
import { signedInPath } from '../sign-in/signed-in-path.ts';
import { chooseAccount, requireAnyAccount } from './choose-account.ts';
import type { Deliver } from './deliver.ts';
import { authnContextOf, mustSignInAgain } from './demands.ts';
import type { Answers } from './flows/answers.ts';
import type { Flows } from './flows/flows.ts';
import type { InFlow, Repeat } from './flows/repeat.ts';
import type { Issue, Issued } from './issue.ts';
import { formActionOf, type SignOnContext } from './sign-on-context.ts';
import { accountChoicePage } from './views/account-choice-page.ts';

interface ProceedServices {
  readonly sessions: Sessions;
  readonly flows: Flows;
  readonly answers: Answers;
  readonly issue: Issue;
  readonly repeat: Repeat;
  readonly metrics: Metrics;
  readonly deliver: Deliver;
}

/**
 * Takes a request as far as it can go now: to the sign-in, to the choice of an account, or to the ACS.
 *
 * @param chosen an account number as a form sent it
 * @throws RefusedRequest if the Service Provider gets the error; IdpError if a person does; OutdatedState if something
 *   was read too early
 */
export type Proceed = (context: SignOnContext, chosen?: string) => Promise<FastifyReply>;

export const flowPath = (biller: Biller, flowId: string) => `/saml/${biller.slug}/sso?flow=${flowId}`;

/** No one signs in inside a frame, or chooses whom the portal does not vouch for: it could watch, or steer the clicks. */
function refuseFramed({ request, biller, accepted }: SignOnContext): void {
  if (!isFramed(request)) return;
  if (request.method === 'GET' && request.url.includes('SAMLRequest=')) {
    // The request target may be a whole URL instead of a path (RFC 9112, 3.2.2): use only its query.
    const href = `/saml/${biller.slug}/sso?${rawQuery(request.url)}`;
    request.facts.wayOut = { href, label: 'Continue in a new window', newWindow: true };
  }
  throw new IdpError('framed', {
    detail: `request ${accepted.requestId ?? '(unsolicited)'} came in a frame, without a session for frames`,
  });
}

/** SAML core, 3.4.1: IsPassive forbids taking over the user interface, which every one of our pages does. */
function refusePassive({ accepted }: SignOnContext, page: string): void {
  if (!accepted.isPassive) return;
  throw new RefusedRequest(accepted, new IdpError('no_passive', { detail: `IsPassive: ${page} would be needed` }));
}

/** The provider may know the person, and say so without showing anything. */
function canAskSilently({ request, biller, passive }: SignOnContext): boolean {
  return biller.settings.signIn === 'oidc' && passive !== 'failed' && !isFramed(request);
}

/** The choice of somebody who is not signed in any more is any text. */
const MAX_REMEMBERED = 256;

/** @returns the accounts that a session may sign on for */
const choicesOf = ({ accounts, framedAccount }: Session) =>
  framedAccount === null ? accounts : accounts.filter(({ number }) => number === framedAccount);

export function createProceed(services: ProceedServices): Proceed {
  const { sessions, flows, answers, issue, repeat, metrics, deliver } = services;

  async function askWho(context: SignOnContext, again: boolean, chosen?: string): Promise<FastifyReply> {
    if (again || !canAskSilently(context)) refusePassive(context, 'the sign-in page');
    refuseFramed(context);
    const { reply, biller, accepted } = context;
    if (context.flowId !== undefined && chosen !== undefined && chosen.length <= MAX_REMEMBERED) {
      await flows.choose(context.flowId, chosen);
    }
    const flowId = context.flowId ?? (await flows.park(reply, biller, accepted));
    context.request.facts.outcome = 'sign_in';
    return sendTo(reply, `/login/${biller.slug}?flow=${flowId}${again ? '&again=1' : ''}`);
  }

  /** @param candidates the sessions that may be meant; several only inside a frame */
  async function askAccount(context: SignOnContext, candidates: readonly [Session, ...Session[]]) {
    refusePassive(context, 'the choice of an account');
    const [{ user, framedAccount }] = candidates;
    const isVouchedFor = framedAccount !== null;
    if (!isVouchedFor) refuseFramed(context);
    const { request, reply, biller, accepted, flowId } = context;
    request.facts.outcome = 'account_choice';
    if (flowId === undefined) return sendTo(reply, flowPath(biller, await flows.park(reply, biller, accepted)));
    return sendPage(
      reply,
      accountChoicePage({
        billerName: biller.name,
        help: biller.settings,
        action: `/saml/${biller.slug}/sso`,
        hidden: { flow: flowId },
        accounts: candidates.flatMap(choicesOf).map(({ number, role }) => ({ id: number, number, role })),
        email: user.email,
        afterLink: accepted.requestId !== undefined,
        // Who the person is, is the portal's word.
        notYou: isVouchedFor ? undefined : { action: '/logout', hidden: { biller: biller.slug, flow: flowId } },
      }),
      { formAction: formActionOf(biller, accepted), frameAncestors: isVouchedFor ? biller.portalOrigins : [] },
    );
  }

  /** SAML core, 3.4.1.4: the requester named a person, and only that person may sign on. */
  function requireSubject({ biller, accepted }: SignOnContext, { user }: Session): void {
    const { subject } = accepted;
    if (subject === undefined || isNameIdOf(biller, user, subject)) return;
    const detail = 'Subject: expected the portal user who is signed in; found someone else';
    throw new RefusedRequest(accepted, new IdpError('unknown_principal', { detail }));
  }

  async function issueFor(context: SignOnContext, session: Session, account: Account): Promise<Issued> {
    const { request, biller, accepted } = context;
    const known = { ...accepted, authnContextClassRef: authnContextOf(accepted, session) };
    const issuance = { biller, accepted: known, session, account, reference: request.id, address: request.ip };
    try {
      return await issue(issuance);
    } catch (error) {
      // This sign-on is tried again, and must find the launch that it used up.
      if (error instanceof OutdatedState && session.launched.length > 0) {
        await sessions.launch({ ...session, launched: [] }, account.number);
      }
      if (error instanceof IdpError && error.code === 'request_replayed' && request.facts.portalUrl === undefined) {
        request.facts.wayOut = { href: signedInPath(biller), label: 'Choose where to go', newWindow: false };
      }
      throw error;
    }
  }

  /** @returns the Response; undefined if another request has answered the flow */
  async function issueInTurn(context: SignOnContext & InFlow, session: Session, account: Account) {
    const { flowId } = context;
    if (!(await answers.takeTurn(flowId))) return undefined;
    try {
      const { response, ...issued } = await issueFor(context, session, account);
      const { requestId, acsUrl, relayState } = context.accepted;
      await answers.answered(context.request, flowId, {
        ...issued,
        response,
        target: { requestId, acsUrl, relayState },
        account: account.number,
        session: session.idHash.toString('base64'),
      });
      return response;
    } catch (error) {
      await answers.release(flowId).catch(() => undefined);
      throw error;
    }
  }

  return async (context, chosen) => {
    const { request, reply, biller, accepted, remembered } = context;
    const [first, ...others] = await sessionsHere(sessions, request, biller);
    if (first === undefined) return askWho(context, false, chosen);
    const { session: meant, candidates } = meantBy([first, ...others], sessions, chosen ?? remembered);
    const session = meant ?? candidates[0];
    if (mustSignInAgain(accepted, biller, session)) return askWho(context, true, chosen);
    // Before anything is asked.
    authnContextOf(accepted, session);
    if (meant === undefined) return askAccount(context, candidates);
    requireSubject(context, session);
    requireAnyAccount(session);
    // Another person may have signed in since, and confirms for themselves.
    const isTheirs = choicesOf(session).some(({ number }) => number === remembered);
    const wanted = chosen ?? (accepted.confirm === true || !isTheirs ? undefined : remembered);
    const mustAsk = accepted.confirm === true && wanted === undefined;
    const account = mustAsk ? undefined : await chooseAccount(biller.settings, sessions, session, wanted);
    if (account === undefined) return askAccount(context, [session]);
    const { flowId } = context;
    let response: string | undefined;
    if (flowId === undefined) response = (await issueFor(context, session, account)).response;
    else {
      const inFlow = { ...context, flowId };
      response = await issueInTurn(inFlow, session, account);
      if (response === undefined) return repeat.answer(inFlow, session, account.number);
    }
    request.facts.outcome = 'issued';
    metrics.signOn(biller.slug, 'issued', reply.elapsedTime);
    return deliver(reply, biller, accepted, response);
  };
}
