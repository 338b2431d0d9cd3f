import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Refusal } from './refusal.ts';
import { refusalView } from './views/refusal-view.ts';

interface PageOptions {
  /** Where forms on the page may go, besides this very origin. */
  readonly formTarget?: string;
  /** Whether a portal may show the page inside an iframe. */
  readonly framed?: boolean;
}

/** Sends a page with the security headers that fit it. Scripts and styles come from /assets only; nothing is inline. */
export function sendPage(reply: FastifyReply, page: string, options: PageOptions = {}): FastifyReply {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    `form-action ${options.formTarget ?? "'self'"}`,
    "base-uri 'none'",
    // The stand-in does not know the portals' addresses, so any of them may frame what is meant for an iframe.
    `frame-ancestors ${options.framed ? '*' : "'none'"}`,
  ];
  return reply
    .header('content-security-policy', policy.join('; '))
    .header('referrer-policy', 'no-referrer')
    .type('text/html; charset=utf-8')
    .send(page);
}

/** Whether the caller asked for JSON rather than for a page. */
export function wantsJson(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? '';
  return accept.includes('application/json') && !accept.includes('text/html');
}

/** Sends a refusal: a page with the reason, or JSON `{error, reason}` to whoever asked for it. */
export function sendRefusal(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  reply.code(refusal.status);
  if (wantsJson(request)) {
    return reply.send({ error: refusal.code, reason: refusal.message });
  }
  // Framed as well: in ViewMode 1 the reader sits in an iframe, and there is nothing on the page to click on.
  return sendPage(reply, refusalView(refusal), { framed: true });
}
