import { LAUNCH_PARAMETERS, launchPath } from '../launch/launch-path.ts';

/** What waits for the sign-in: a flow, or a launch. */
export type Waiting = Readonly<Record<string, string>>;

const FLOW_ID = /^[\w-]{16}$/;
/** Account numbers have at most as many characters, and names of destinations fewer. */
const MAX_VALUE = 100;

/** @returns what waits, out of the parameters of a request; anything else is dropped */
export function waitingFor(parameters: ReadonlyMap<string, string>): Waiting {
  const flow = parameters.get('flow');
  if (flow !== undefined) return FLOW_ID.test(flow) ? { flow } : {};
  if (!parameters.has('destination')) return {};
  const waiting: Record<string, string> = {};
  for (const name of ['destination', ...LAUNCH_PARAMETERS]) {
    const value = parameters.get(name);
    if (value !== undefined && value.length <= MAX_VALUE) waiting[name] = value;
  }
  return waiting.destination === undefined ? {} : waiting;
}

/** @returns where a signed-in portal user goes next. Every path is built here from checked parts: no return URL is ever accepted. */
export function nextPath({ slug }: { readonly slug: string }, waiting: Waiting): string | undefined {
  if (waiting.flow !== undefined) return `/saml/${slug}/sso?flow=${waiting.flow}`;
  const { destination, ...rest } = waiting;
  return destination === undefined ? undefined : launchPath(slug, destination, rest);
}

/** @returns the path of the sign-in for what waits */
export const signInPath = ({ slug }: { readonly slug: string }, waiting: Waiting): string => {
  const query = new URLSearchParams(waiting).toString();
  return `/login/${slug}${query === '' ? '' : `?${query}`}`;
};
