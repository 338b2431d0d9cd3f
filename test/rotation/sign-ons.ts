import { setTimeout } from 'node:timers/promises';
import { createPortalClient, samlResponseIn } from '../support/browser/portal-client.ts';
import { type RelyingParty, transitTimes } from './relying-party.ts';

/** The results of a biller's sign-ons. */
export interface SignOnCounts {
  accepted: number;
  /** Why each of the others was not. */
  readonly refused: string[];
}

/** Portal users who sign on again and again. */
export interface SignOns {
  /** Resolves when there were this many more sign-ons, however they ended. */
  more(count: number): Promise<void>;
  /** Resolves when all that have begun have ended. */
  end(): Promise<void>;
}

/** Who signs on, and where. */
interface SigningOn {
  /** Of each instance: one portal user's browser signs on at each. */
  readonly urls: readonly string[];
  readonly slug: string;
  /** Of the Service Provider. */
  readonly entityId: string;
  readonly email: string;
  readonly password: string;
  readonly party: RelyingParty;
  readonly counts: SignOnCounts;
  /** Between two sign-ons of a browser. */
  readonly pauseMs: number;
}

/** Signs on continuously until the end. The page takes time to load and submit itself, and a form may be saved meanwhile. */
export function startSignOns({ urls, slug, entityId, email, password, party, counts, pauseMs }: SigningOn): SignOns {
  let running = true;
  const arriving = new Set<Promise<void>>();
  const transit = transitTimes();

  async function arrive(response: string, afterMs: number): Promise<void> {
    await setTimeout(afterMs);
    if (await party.accepts(response)) counts.accepted += 1;
    else counts.refused.push('refused by the Service Provider');
  }

  async function keepSigningOn(url: string): Promise<void> {
    const client = createPortalClient(url);
    await client.signIn(slug, email, password);
    while (running) {
      const { status, body } = await client.signOn(slug, entityId);
      const response = samlResponseIn(body);
      if (response === undefined) counts.refused.push(`answered with ${status}`);
      else arriving.add(arrive(response, transit.next().value));
      await setTimeout(pauseMs);
    }
    client.close();
  }

  const loops = urls.map(keepSigningOn);
  const total = () => counts.accepted + counts.refused.length;
  return {
    async more(count) {
      const goal = total() + count;
      while (total() < goal) await setTimeout(20);
    },
    async end() {
      running = false;
      await Promise.all(loops);
      await Promise.all(arriving);
    },
  };
}
