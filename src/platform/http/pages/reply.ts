import type { FastifyReply } from 'fastify';

interface PagePolicy {
  /** Origins, besides our own, that a form of the page may go to, directly or through a redirect. */
  readonly formAction?: readonly string[];
  /** Origins that may frame the page. */
  readonly frameAncestors?: readonly string[];
  /** `none` also hides our origin from the ACS; a form that comes back to us needs its Origin sent. */
  readonly referrer?: 'own' | 'none';
}

function contentSecurityPolicy({ formAction = [], frameAncestors = [] }: PagePolicy): string {
  const ancestors = frameAncestors.length === 0 ? "'none'" : frameAncestors.join(' ');
  return `default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action ${["'self'", ...formAction].join(' ')}; frame-ancestors ${ancestors}; base-uri 'none'`;
}

/** The headers of every page: not cached, not framed, no sniffed content type, no leaked URL. */
export function pageHeaders(policy: PagePolicy): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': contentSecurityPolicy(policy),
    'referrer-policy': policy.referrer === 'none' ? 'no-referrer' : 'same-origin',
    'x-content-type-options': 'nosniff',
  };
}

/** Sends a page with its headers. */
export function sendPage(
  reply: FastifyReply,
  html: string,
  { status = 200, ...policy }: PagePolicy & { readonly status?: number } = {},
): FastifyReply {
  return reply.code(status).headers(pageHeaders(policy)).send(html);
}

/**
 * Redirects the browser with 303, which never repeats a POST.
 *
 * @param target a URL made here or checked
 * @param referrer what the target is told of the page that the browser came from, which is not ours: its origin at most
 */
export function sendTo(
  reply: FastifyReply,
  target: string,
  referrer: 'no-referrer' | 'strict-origin' = 'no-referrer',
): FastifyReply {
  return reply.header('cache-control', 'no-store').header('referrer-policy', referrer).redirect(target, 303);
}
