import { type Database, isDatabaseGone } from '../database/database.ts';
import type { Keys } from '../keys/keys.ts';
import { activeKeys } from '../keys/store.ts';

/** One thing that must hold for the service to do its work. */
interface ReadinessCheck {
  readonly name: 'database' | 'keys';
  readonly ok: boolean;
  /** What is wrong; empty where nothing is. */
  readonly problems: readonly string[];
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly ReadinessCheck[];
}

interface ReadinessServices {
  readonly database: Database;
  readonly keys: Keys;
  readonly clock: () => number;
}

type ActiveKey = Awaited<ReturnType<typeof activeKeys>>[number];

/** @returns a function that says whether the service can do its work: database, and a usable key for every biller */
export function createReadiness({ database, keys, clock }: ReadinessServices): () => Promise<Readiness> {
  /** Keys that were unsealed once. Their rows never change, so once is enough. */
  const unsealed = new Set<string>();

  async function problemOf({ billerId, slug, keyId, notBefore, notAfter }: ActiveKey): Promise<string | undefined> {
    if (keyId === null || notBefore === null || notAfter === null) return `biller ${slug} has no active signing key`;
    if (clock() >= notAfter.getTime()) return `the active certificate of biller ${slug} has expired`;
    if (clock() < notBefore.getTime()) return `the active certificate of biller ${slug} is not valid yet`;
    if (unsealed.has(keyId)) return undefined;
    try {
      await keys.ofBiller(billerId);
      unsealed.add(keyId);
      return undefined;
    } catch (error) {
      if (isDatabaseGone(error)) throw error;
      return `the signing key of biller ${slug} can't be used: ${(error as Error).message}`;
    }
  }

  return async () => {
    try {
      // Migrations are applied before the service listens, so a database that answers is one of the right shape.
      const problems: string[] = [];
      for (const key of await activeKeys(database.orm)) {
        const problem = await problemOf(key);
        if (problem !== undefined) problems.push(problem);
      }
      return {
        ready: problems.length === 0,
        checks: [
          { name: 'database', ok: true, problems: [] },
          { name: 'keys', ok: problems.length === 0, problems },
        ],
      };
    } catch (error) {
      if (!isDatabaseGone(error)) throw error;
      return { ready: false, checks: [{ name: 'database', ok: false, problems: ['the database does not answer'] }] };
    }
  };
}
