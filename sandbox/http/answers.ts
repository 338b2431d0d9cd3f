import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Refusal } from '../refusal.ts';
import { refusalView } from '../views/refusal-view.ts';

interface PageOptions {
  /** Where the page's forms may be sent, in addition to this origin. */
  readonly formTarget?: string;
  /** Whether a portal may show the page in an iframe. */
  readonly framed?: boolean;
}

/** Sends a page with suitable security headers. Scripts and styles come only from /assets; nothing is inline. */
export function sendPage(reply: FastifyReply, page: string, options: PageOptions = {}): FastifyReply {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    `form-action ${options.formTarget ?? "'self'"}`,
    "base-uri 'none'",
    // The sandbox does not know the portals' addresses, so any site may frame pages meant for iframes.
    `frame-ancestors ${options.framed ? '*' : "'none'"}`,
  ];
  return (
    reply
      .header('content-security-policy', policy.join('; '))
      // With no-referrer, browsers would send "Origin: null" with our own forms.
      .header('referrer-policy', 'same-origin')
      .type('text/html; charset=utf-8')
      .send(page)
  );
}

/** Tells whether the caller asked for JSON instead of a page. */
export function wantsJson(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? '';
  return accept.includes('application/json') && !accept.includes('text/html');
}

/** Sends a refusal: a page with the reason, or JSON `{error, reason}` if the caller asked for it. */
export function sendRefusal(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  reply.code(refusal.status);
  if (wantsJson(request)) {
    return reply.send({ error: refusal.code, reason: refusal.message });
  }
  // Allow framing here too: in ViewMode 1 the user sees this page in an iframe, and it has nothing to click on.
  return sendPage(reply, refusalView(refusal), { framed: true });
}
