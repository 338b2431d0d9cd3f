import type { FastifyReply } from 'fastify';
import type { Biller } from '../billers/biller.ts';
import { prepareAutoSubmitPage } from '../web/auto-submit-page.ts';
import { portalOrigins } from '../web/biller-of.ts';
import { sendPage } from '../web/reply.ts';
import type { AnswerTarget } from './checks/check.ts';
import { formActionOf } from './step.ts';

/** Sends a Response to the ACS through the browser: the page that posts itself (SAML bindings, 3.5.4). */
export type Deliver = (
  reply: FastifyReply,
  biller: Biller,
  target: AnswerTarget,
  response: string,
) => Promise<FastifyReply>;

/** A Response that fits in here needs no memory outside of the heap for itself. */
const scratch = Buffer.allocUnsafe(64 * 1024);

function toBase64(text: string): string {
  if (text.length * 3 > scratch.length) return Buffer.from(text).toString('base64');
  return scratch.toString('base64', 0, scratch.write(text));
}

export function createDeliver(): Deliver {
  // All of the page but four values is the same for every sign-on of a biller.
  const pages = new WeakMap<Biller, ReturnType<typeof prepareAutoSubmitPage>>();

  function pageOf(biller: Biller) {
    const known = pages.get(biller);
    if (known !== undefined) return known;
    const page = prepareAutoSubmitPage(biller.name);
    pages.set(biller, page);
    return page;
  }

  return async (reply, biller, target, response) =>
    sendPage(reply, pageOf(biller)(target.acsUrl, toBase64(response), target.relayState ?? undefined), {
      formAction: formActionOf(biller, target),
      frameAncestors: portalOrigins(biller),
      referrer: 'none',
    });
}
