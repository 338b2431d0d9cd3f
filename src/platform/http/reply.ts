import type { FastifyReply } from 'fastify';

interface PagePolicy {
  /** Origins that a form of the page, and what its answer redirects to, may go to besides our own. */
  readonly formAction?: readonly string[];
  /** Origins that may frame the page. */
  readonly frameAncestors?: readonly string[];
  /** `none` also hides our origin from the ACS; pages with forms of ours need theirs told to us. */
  readonly referrer?: 'own' | 'none';
}

function contentSecurityPolicy({ formAction = [], frameAncestors = [] }: PagePolicy): string {
  const ancestors = frameAncestors.length === 0 ? "'none'" : frameAncestors.join(' ');
  return `default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action ${["'self'", ...formAction].join(' ')}; frame-ancestors ${ancestors}; base-uri 'none'`;
}

/** The headers that every page of ours carries: not kept, not framed, not guessed, no leak. */
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

/** Sends the browser on with 303, the only redirect that never repeats a POST. @param target a URL of ours or checked */
export function sendTo(reply: FastifyReply, target: string): FastifyReply {
  return reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer').redirect(target, 303);
}
