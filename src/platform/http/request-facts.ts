import type { FastifyInstance } from 'fastify';
import type { Help } from './pages/help.ts';

/** What the handlers found out about a request, for its line in the log and for its error page. */
interface RequestFacts {
  biller?: string;
  billerId?: string;
  billerName?: string;
  help?: Help;
  /** Where the biller's portal users come from, to link back to. */
  portalUrl?: string | undefined;
  outcome?: string;
  /** Why the request failed, in words for the log. */
  detail?: string;
  /** A link that leads on from an error. */
  wayOut?: { readonly href: string; readonly label: string; readonly newWindow: boolean };
  /** The address of the page holds a secret: it is not passed on, not even to ourselves. */
  hidesAddress?: boolean;
  /** Origins that may frame the error page. */
  frameAncestors?: readonly string[];
}

declare module 'fastify' {
  interface FastifyRequest {
    facts: RequestFacts;
  }
}

/** Gives every request of the server its `facts`. Must come before every hook that reads them. */
export function collectFacts(server: FastifyInstance): void {
  server.decorateRequest('facts');
  server.addHook('onRequest', (request, _reply, done) => {
    request.facts = {};
    done();
  });
}
