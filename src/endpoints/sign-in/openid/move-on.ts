import type { FastifyReply } from 'fastify';
import type { Biller } from '../../../core/billers/biller.ts';
import { sendPage } from '../../../platform/http/pages/reply.ts';
import { moveOnPage } from './views/move-on-page.ts';

/**
 * Takes the browser on by a page of its own, see moveOnPage.
 *
 * @param href made here, or by the provider's discovery document
 * @param to what happens there, e.g. "sign in"
 */
export function moveOn(reply: FastifyReply, biller: Biller, href: string, to: string): FastifyReply {
  const page = moveOnPage({ billerName: biller.name, help: biller.settings, href, to });
  return sendPage(reply, page, { referrer: 'none' });
}
