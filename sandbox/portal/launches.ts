import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Destination } from './destinations.ts';
import type { PortalUser } from './users.ts';

/** What a click asks for. */
interface Wanted {
  readonly user: PortalUser;
  /** One of the user's own. */
  readonly account: string;
  readonly destination: Destination;
  /** 0: the whole page; 1: inside an iframe. */
  readonly viewMode: 0 | 1;
  /** Where the user comes back to. */
  readonly returnUrl: string;
  /** Where this portal makes a new launch if the address was used or is too old. */
  readonly refreshUrl: string;
}

/** Why there is no address. The message is for the log: it holds no secret, and nothing of it is shown to the user. */
export class LaunchFailed extends Error {
  override readonly name = 'LaunchFailed';
  /** Three words that find the call in the log of the Identity Provider; undefined if it did not answer. */
  readonly reference: string | undefined;
  /** Whether it may help to try again in a while. */
  readonly isPassing: boolean;

  constructor(message: string, { reference, isPassing }: { reference?: string | undefined; isPassing: boolean }) {
    super(message);
    this.reference = reference;
    this.isPassing = isPassing;
  }
}

/** Asks for the address that takes a user to Invoice Cloud. @throws LaunchFailed */
export type Launch = (wanted: Wanted) => Promise<string>;

const TIMEOUT_MS = 10_000;
const madeSchema = z.object({ url: z.url() });
const problemSchema = z.object({ code: z.string(), detail: z.string(), reference: z.string() });

const isPassing = (status: number) => status === 409 || status === 429 || status >= 500;

/** @param idp origin of the Identity Provider @param apiKey stays on this server: the browser never sees it */
export function createLaunch({ idp, apiKey }: { readonly idp: string; readonly apiKey: string }): Launch {
  return async ({ user, account, destination, viewMode, returnUrl, refreshUrl }) => {
    const { id, email, accounts } = user;
    let response: Response;
    let body: unknown;
    try {
      response = await fetch(`${idp}/api/launches`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/json',
          // Makes it safe to send the same call again after a timeout.
          'idempotency-key': randomUUID(),
        },
        body: JSON.stringify({ user: { id, email, accounts }, account, destination, viewMode, returnUrl, refreshUrl }),
        // A redirect would take what the body says of the user to another host.
        redirect: 'manual',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      // Something in between may answer with a page.
      body = await response.json().catch(() => undefined);
    } catch (error) {
      const { message, cause } = error as Error;
      const reason = cause instanceof Error ? cause.message : message;
      throw new LaunchFailed(`no answer from ${idp}: ${reason}`, { isPassing: true });
    }
    const made = madeSchema.safeParse(body);
    if (response.ok && made.success) return made.data.url;
    const problem = problemSchema.safeParse(body).data;
    const said = problem === undefined ? 'no problem document' : `${problem.code}: ${problem.detail}`;
    throw new LaunchFailed(`${response.status} from ${idp}: ${said}`, {
      reference: problem?.reference,
      isPassing: isPassing(response.status),
    });
  };
}
