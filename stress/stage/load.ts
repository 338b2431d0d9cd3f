import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { assertionIdIn, type PortalClient, samlResponseIn } from '../../test/support/browser/portal-client.ts';
import type { Instance } from './instance.ts';
import { BILLER, entityIdOf, type Stage } from './stage.ts';

const ANSWER_WITHIN_MS = 40_000;
const AFTER_A_FAILURE_MS = 100;

/** An assertion that a client has seen, even if only a part of the page arrived. */
export interface Received {
  readonly id: string;
  /** SHA-256 of the certificate in its signature, hexadecimal; empty if it did not arrive. */
  readonly fingerprint: string;
  /** Where the page posts it. */
  readonly acs: string;
  /** When the request was sent, in the time of performance.now(). */
  readonly asked: number;
}

/** How a sign-on went: an assertion, the status of another answer, or why there was none. */
export type Answer = 'assertion' | 'unanswered' | 'no connection' | 'cut off' | `${number}`;

export interface SignOn {
  readonly answer: Answer;
  readonly received: Received | undefined;
  /** The Response in base64, if it arrived whole. */
  readonly response: string | undefined;
  readonly asked: number;
  readonly milliseconds: number;
}

/** A string of its own: what a regular expression finds would keep the whole page in memory. */
const detached = (text: string) => Buffer.from(text).toString();

function read(page: string, asked: number): Received | undefined {
  const id = assertionIdIn(page);
  if (id === undefined) return undefined;
  const xml = Buffer.from(samlResponseIn(page) ?? '', 'base64').toString();
  const certificate = /<ds:X509Certificate>([^<]+)<\/ds:X509Certificate>/.exec(xml)?.[1];
  return {
    id: detached(id),
    fingerprint: certificate === undefined ? '' : createHash('sha256').update(certificate, 'base64').digest('hex'),
    acs: detached(/<form[^>]* action="([^"]*)"/.exec(page)?.[1] ?? ''),
    asked,
  };
}

/** Signs on once, however it ends. */
export async function signOn(client: PortalClient, biller = BILLER): Promise<SignOn> {
  const asked = performance.now();
  const timeUp = new AbortController();
  const late = pause(ANSWER_WITHIN_MS, 'unanswered' as const, { signal: timeUp.signal }).catch(() => undefined);
  const result = await Promise.race([client.signOn(biller, entityIdOf(biller)).catch(() => undefined), late]);
  timeUp.abort();
  const facts = { asked, milliseconds: performance.now() - asked };
  if (result === 'unanswered' || result === undefined) {
    // Whatever it was waiting for must not come later.
    client.close();
    const answer = result === undefined ? 'no connection' : result;
    return { ...facts, answer, received: undefined, response: undefined };
  }
  const received = read(result.body, asked);
  const answer = !result.complete ? 'cut off' : received === undefined ? (`${result.status}` as const) : 'assertion';
  return { ...facts, answer, received, response: result.complete ? samlResponseIn(result.body) : undefined };
}

/** Sign-ons that go on and on, and the books about them. */
export interface Load {
  readonly signOns: readonly SignOn[];
  /** Every assertion that was received. */
  received(): Received[];
  /** The answers other than these. */
  otherThan(...answers: readonly Answer[]): Answer[];
  /** Resolves when this many more sign-ons have ended. */
  more(count: number): Promise<void>;
  /** Resolves when the sign-ons under way have ended too. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly instances?: readonly Instance[];
  readonly biller?: string;
  /** Browsers for each instance. */
  readonly browsers?: number;
  /** Between two sign-ons of a browser. Milliseconds. */
  readonly pauseMs?: number;
  /** Called after each sign-on. */
  readonly after?: (signOn: SignOn) => void;
}

export function startLoad(stage: Stage, options: LoadOptions = {}): Load {
  const { instances = stage.instances, biller = BILLER, browsers = 6, pauseMs = 40, after } = options;
  const signOns: SignOn[] = [];
  let running = true;
  let waiting: (() => void)[] = [];
  const keepSigningOn = async (client: PortalClient) => {
    while (running) {
      const done = await signOn(client, biller);
      // A long run can't keep every Response.
      signOns.push({ ...done, response: undefined });
      after?.(done);
      for (const look of waiting) look();
      await pause(done.answer === 'assertion' ? pauseMs : Math.max(pauseMs, AFTER_A_FAILURE_MS));
    }
    client.close();
  };
  const loops = instances.flatMap((instance) =>
    Array.from({ length: browsers }, () => keepSigningOn(stage.signedIn(instance))),
  );
  return {
    signOns,
    received: () => signOns.flatMap(({ received }) => received ?? []),
    otherThan: (...answers) => signOns.map(({ answer }) => answer).filter((answer) => !answers.includes(answer)),
    more(count) {
      const goal = signOns.length + count;
      return new Promise((resolve) => {
        const look = () => {
          if (signOns.length < goal) return;
          waiting = waiting.filter((one) => one !== look);
          resolve();
        };
        waiting.push(look);
      });
    },
    async stop() {
      running = false;
      await Promise.all(loops);
    },
  };
}
