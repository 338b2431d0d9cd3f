import type { Hsm } from '../../core/keys/hsm/hsm.ts';
import type { Keys } from '../../core/keys/keys.ts';
import { activeKeys } from '../../core/keys/store.ts';
import { type Database, isDatabaseGone } from '../../platform/database/database.ts';

/** One thing that must hold for the service to do its work. */
interface ReadinessCheck {
  readonly name: 'database' | 'keys' | 'module';
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
  readonly hsm: Hsm | undefined;
  readonly clock: () => number;
}

interface Problem {
  readonly sentence: string;
  /** The service must not be given work while it lasts. */
  readonly blocking: boolean;
}

type ActiveKey = Awaited<ReturnType<typeof activeKeys>>[number];

/**
 * @returns a function that says whether the service can do its work: database, a usable key for every biller, and the
 *   HSM, if one is configured
 */
export function createReadiness({ database, keys, hsm, clock }: ReadinessServices): () => Promise<Readiness> {
  /** Keys that were unsealed once. Their rows never change, so once is enough. */
  const unsealed = new Set<string>();

  async function problemOf(key: ActiveKey): Promise<Problem | undefined> {
    const { billerId, slug, keyId, notBefore, notAfter, settings } = key;
    const blocking = (sentence: string): Problem => ({ sentence, blocking: true });
    if (keyId === null || notBefore === null || notAfter === null) {
      return blocking(`biller ${slug} has no active signing key`);
    }
    if (clock() >= notAfter.getTime()) {
      // One biller's calendar is no reason to take every other one out of service, where that biller goes on signing.
      const sentence = `the active certificate of biller ${slug} has expired`;
      return { sentence, blocking: settings.expiredKey === 'refuse' };
    }
    if (clock() < notBefore.getTime()) return blocking(`the active certificate of biller ${slug} is not valid yet`);
    if (unsealed.has(keyId)) return undefined;
    try {
      await keys.ofBiller(billerId);
      unsealed.add(keyId);
      return undefined;
    } catch (error) {
      if (isDatabaseGone(error)) throw error;
      return blocking(`the signing key of biller ${slug} can't be used: ${(error as Error).message}`);
    }
  }

  /** The HSM blocks readiness only if a biller's active key is in it. */
  async function moduleProblem(needed: boolean): Promise<Problem | undefined> {
    if (hsm === undefined) {
      const sentence = 'an active key is in an HSM, but none is configured';
      return needed ? { sentence, blocking: true } : undefined;
    }
    try {
      await hsm.check();
      return undefined;
    } catch (error) {
      return { sentence: (error as Error).message, blocking: needed };
    }
  }

  return async () => {
    try {
      // Migrations are applied before the service listens, so a database that answers is one of the right shape.
      const problems: Problem[] = [];
      const active = await activeKeys(database.db);
      const needed = active.some(({ moduleLabel }) => moduleLabel !== null);
      const away = moduleProblem(needed);
      for (const key of active) {
        const problem = await problemOf(key);
        if (problem !== undefined) problems.push(problem);
      }
      const trouble = await away;
      const troubles = trouble === undefined ? [] : [trouble];
      return {
        ready: ![...problems, ...troubles].some(({ blocking }) => blocking),
        checks: [
          { name: 'database', ok: true, problems: [] },
          { name: 'keys', ok: problems.length === 0, problems: problems.map(({ sentence }) => sentence) },
          ...(hsm === undefined && !needed
            ? []
            : [
                {
                  name: 'module',
                  ok: trouble === undefined,
                  problems: troubles.map(({ sentence }) => sentence),
                } as const,
              ]),
        ],
      };
    } catch (error) {
      if (!isDatabaseGone(error)) throw error;
      return { ready: false, checks: [{ name: 'database', ok: false, problems: ['the database does not answer'] }] };
    }
  };
}
