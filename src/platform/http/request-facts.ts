import type { FastifyRequest } from 'fastify';

/** What the handlers found out about a request, for its one line in the log and for its error page. */
export interface Told {
  biller?: string;
  billerName?: string;
  /** Where the biller's portal users come from, to go back to. */
  portalUrl?: string | undefined;
  outcome?: string;
  /** Why it failed, in words for the log. */
  detail?: string;
  /** A link that leads on from an error. */
  wayOut?: { href: string; label: string; newWindow: boolean };
  frameAncestors?: readonly string[];
}

const told = new WeakMap<FastifyRequest, Told>();

/** Adds to what is told about a request. @returns all that is told so far */
export function tell(request: FastifyRequest, more: Told = {}): Told {
  const all = Object.assign(told.get(request) ?? {}, more);
  told.set(request, all);
  return all;
}
