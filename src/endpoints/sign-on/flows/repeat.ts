import type { FastifyReply } from 'fastify';
import { OutdatedState } from '../../../core/audit/fence.ts';
import type { AuditWriter } from '../../../core/audit/writer.ts';
import type { Session, Sessions } from '../../../core/sessions/sessions.ts';
import { IdpError } from '../../../platform/errors/idp-error.ts';
import { sendTo } from '../../../platform/http/pages/reply.ts';
import { sessionsHere } from '../../sessions-here.ts';
import { signedInPath } from '../../sign-in/signed-in-path.ts';
import type { Deliver } from '../deliver.ts';
import { hasAcs, type SignOnContext } from '../sign-on-context.ts';
import type { Answers } from './answers.ts';

interface RepeatServices {
  readonly sessions: Sessions;
  readonly answers: Answers;
  readonly audit: AuditWriter;
  readonly deliver: Deliver;
}

/** A request that goes on with a flow. */
export interface InFlow extends Pick<SignOnContext, 'request' | 'reply' | 'biller' | 'passive'> {
  readonly flowId: string;
}

/** What a person gets who goes on with a flow that is over. */
export interface Repeat {
  /**
   * Sends the answer of a flow once more, to the person who got it, for the account that it names, if the key that signed
   * it may still sign.
   *
   * @throws IdpError flow_answered
   */
  answer(late: InFlow, session: Session | undefined, account: string): Promise<FastifyReply>;
  /**
   * Handles a form of a flow that could not be found: with its answer if it was sent twice.
   *
   * @param error why it could not be found
   * @param chosen an account number as the form sent it; undefined if there is no form, as after Back or Refresh
   * @throws the error, if nobody is signed in who could be shown where to go from here
   */
  lead(late: InFlow, error: unknown, chosen?: string): Promise<FastifyReply>;
}

const answeredBefore = (detail: string) => new IdpError('flow_answered', { detail });

export function createRepeat({ sessions, answers, audit, deliver }: RepeatServices): Repeat {
  async function sendAgain({ request, reply, biller, flowId }: InFlow, session: Session, account: string) {
    const answer = await answers.again(request, flowId);
    if (answer === undefined) throw answeredBefore('there is no answer that may be sent again');
    if (answer.session !== session.idHash.toString('base64')) throw answeredBefore('another session was answered');
    if (answer.account !== account) throw answeredBefore('the flow was answered for another account');
    const { target, response, assertionId, key } = answer;
    // An operator may have removed it since. The fence below holds for the biller as it is here.
    if (!hasAcs(biller, target)) throw answeredBefore('the ACS of the answer is not registered any more');
    const event = {
      event: 'assertion.repeated',
      reference: request.id,
      billerId: biller.id,
      userId: session.user.id,
      address: request.ip,
      account,
      assertionId,
      keyFingerprint: key,
      details: {},
    } as const;
    const fence = { idHash: session.idHash, userVersion: session.user.version };
    try {
      await audit.append(event, { billerVersion: biller.version, key, session: fence });
    } catch (error) {
      if (!(error instanceof OutdatedState)) throw error;
      throw answeredBefore('the biller, its key, the session or the portal user has changed since the answer');
    }
    request.facts.outcome = 'repeated';
    return deliver(reply, biller, target, response);
  }

  /** Shows a signed-in portal user where to go from here. @throws the error, with a way to the sign-in on its page */
  function leadOn({ request, reply, biller }: InFlow, error: unknown, session: Session | undefined) {
    if (!(error instanceof IdpError) || (error.code !== 'flow_answered' && error.code !== 'flow_unknown')) throw error;
    // The page of a signed-in portal user is not for frames.
    if (session?.framedAccount === null) {
      request.facts.outcome = error.code;
      request.facts.detail = error.detail;
      return sendTo(reply, signedInPath(biller, error.code === 'flow_answered' ? 'answered' : 'over'));
    }
    if (request.facts.portalUrl === undefined) {
      request.facts.wayOut = { href: signedInPath(biller), label: `Sign in at ${biller.name}`, newWindow: false };
    }
    throw error;
  }

  return {
    async answer(late, session, account) {
      try {
        if (session === undefined) throw answeredBefore('nobody is signed in any more');
        return await sendAgain(late, session, account);
      } catch (error) {
        return leadOn(late, error, session);
      }
    },

    async lead(late, error, chosen) {
      const here = await sessionsHere(sessions, late.request, late.biller);
      const session = here.find(({ framedAccount }) => framedAccount === chosen) ?? here[0];
      const isAgain = chosen !== undefined && error instanceof IdpError && error.code === 'flow_answered';
      return isAgain ? this.answer(late, session, chosen) : leadOn(late, error, session);
    },
  };
}
