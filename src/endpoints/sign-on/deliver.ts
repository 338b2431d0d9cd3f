import type { FastifyReply } from 'fastify';
import type { AnswerTarget } from '../../core/authn-requests/check.ts';
import type { Biller } from '../../core/billers/biller.ts';
import { type AutoSubmitPage, prepareAutoSubmitPage } from '../../platform/http/pages/auto-submit-page.ts';
import { pageHeaders } from '../../platform/http/pages/reply.ts';
import { formActionOf } from './sign-on-context.ts';

/** Sends a Response to the ACS through the browser: the page that posts itself (SAML bindings, 3.5.4). */
export type Deliver = (
  reply: FastifyReply,
  biller: Biller,
  target: AnswerTarget,
  response: string,
) => Promise<FastifyReply>;

/** A Response that fits in here needs no separate off-heap memory. */
const scratch = Buffer.allocUnsafe(64 * 1024);

function toBase64(text: string): string {
  if (text.length * 3 > scratch.length) return Buffer.from(text).toString('base64');
  return scratch.toString('base64', 0, scratch.write(text));
}

/** What is the same for every sign-on of a biller at one ACS. */
interface Prepared {
  readonly page: AutoSubmitPage;
  readonly headers: Record<string, string>;
}

export function createDeliver(): Deliver {
  // By ACS URL: a biller has as many as its Service Provider registered.
  const known = new WeakMap<Biller, Map<string, Prepared>>();

  function prepare(biller: Biller, target: AnswerTarget): Prepared {
    return {
      page: prepareAutoSubmitPage(biller.name, target.acsUrl, biller.settings),
      headers: pageHeaders({
        formAction: formActionOf(biller, target),
        frameAncestors: biller.portalOrigins,
        referrer: 'none',
      }),
    };
  }

  function preparedFor(biller: Biller, target: AnswerTarget): Prepared {
    const ofBiller = known.get(biller) ?? new Map<string, Prepared>();
    known.set(biller, ofBiller);
    const prepared = ofBiller.get(target.acsUrl) ?? prepare(biller, target);
    ofBiller.set(target.acsUrl, prepared);
    return prepared;
  }

  return async (reply, biller, target, response) => {
    const { page, headers } = preparedFor(biller, target);
    return reply.headers(headers).send(page(toBase64(response), target.relayState ?? undefined));
  };
}
