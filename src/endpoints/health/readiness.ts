import { type ActiveKey, createFindDamagedKeys, listActiveKeys } from '../../core/keys/active-keys.ts';
import type { Hsm } from '../../core/keys/hsm/hsm.ts';
import type { Keys } from '../../core/keys/keys.ts';
import type { MasterKey } from '../../core/secrets/master-key.ts';
import { type Database, isDatabaseGone } from '../../platform/database/database.ts';

/** One thing that the service needs to do its work. */
interface ReadinessCheck {
  readonly name: 'database' | 'keys' | 'module';
  readonly ok: boolean;
  /** What is wrong; empty if nothing is. */
  readonly problems: readonly string[];
}

export interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly ReadinessCheck[];
}

interface ReadinessServices {
  readonly database: Database;
  readonly keys: Keys;
  readonly masterKey: MasterKey;
  readonly hsm: Hsm | undefined;
  readonly clock: () => number;
}

interface Problem {
  readonly sentence: string;
  /** The service must not get work while it lasts. */
  readonly blocking: boolean;
}

const blocking = (sentence: string): Problem => ({ sentence, blocking: true });
const checkOf = (name: ReadinessCheck['name'], problems: readonly Problem[]): ReadinessCheck => ({
  name,
  ok: problems.length === 0,
  problems: problems.map(({ sentence }) => sentence),
});

/**
 * @returns a function that says whether the service can do its work: a database, a usable key for every biller, and the
 *   hardware security module if one is set up. An answer always covers every biller; calls at the same time share one
 */
export function createReadiness(services: ReadinessServices): () => Promise<Readiness> {
  const { database, keys, masterKey, hsm, clock } = services;
  const findDamagedKeys = createFindDamagedKeys(database, masterKey);
  /** Keys in the hardware security module that were found usable. */
  const usable = new Set<string>();
  let underWay: Promise<Readiness> | undefined;

  function dateProblem({ slug, key_id, not_before, not_after, refuses_expired }: ActiveKey): Problem | undefined {
    if (key_id === null || not_before === null || not_after === null) {
      return blocking(`biller ${slug} has no active signing key`);
    }
    if (clock() >= not_after) {
      // A biller that goes on signing with its expired key is no reason to take every other one out of service.
      return { sentence: `the active certificate of biller ${slug} has expired`, blocking: refuses_expired };
    }
    if (clock() < not_before) return blocking(`the active certificate of biller ${slug} is not valid yet`);
    return undefined;
  }

  async function moduleKeyProblem({ biller_id, slug, key_id }: ActiveKey): Promise<Problem | undefined> {
    if (key_id === null || usable.has(key_id)) return undefined;
    try {
      await keys.ofBiller(biller_id);
      usable.add(key_id);
      return undefined;
    } catch (error) {
      if (isDatabaseGone(error)) throw error;
      return blocking(`the signing key of biller ${slug} can't be used: ${(error as Error).message}`);
    }
  }

  async function keyProblems(active: readonly ActiveKey[]): Promise<Problem[]> {
    const byDate = new Map(active.map((key) => [key, dateProblem(key)]));
    const inTime = active.filter((key) => byDate.get(key) === undefined);
    const damaged = await findDamagedKeys(inTime.filter(({ module_label }) => module_label === null));
    const problems: Problem[] = [];
    for (const key of active) {
      const problem =
        byDate.get(key) ??
        (damaged.has(key.key_id ?? '')
          ? blocking(
              `the signing key of biller ${key.slug} can't be used: the private key ${key.fingerprint} can't be unsealed: another master key, or a damaged row`,
            )
          : key.module_label === null
            ? undefined
            : await moduleKeyProblem(key));
      if (problem !== undefined) problems.push(problem);
    }
    return problems;
  }

  /** A module that is away is in the way only if it holds a biller's active key. */
  async function moduleProblems(needed: boolean): Promise<Problem[]> {
    if (hsm === undefined) {
      const sentence = 'an active key is in a hardware security module, and none is set up here';
      return needed ? [blocking(sentence)] : [];
    }
    try {
      await hsm.check();
      return [];
    } catch (error) {
      return [{ sentence: (error as Error).message, blocking: needed }];
    }
  }

  async function look(): Promise<Readiness> {
    try {
      // Migrations are applied before the service listens, so a database that answers has the right tables.
      const active = await listActiveKeys(database);
      const needed = active.some(({ module_label }) => module_label !== null);
      const [ofKeys, ofModule] = await Promise.all([keyProblems(active), moduleProblems(needed)]);
      return {
        ready: ![...ofKeys, ...ofModule].some((problem) => problem.blocking),
        checks: [
          checkOf('database', []),
          checkOf('keys', ofKeys),
          ...(hsm === undefined && !needed ? [] : [checkOf('module', ofModule)]),
        ],
      };
    } catch (error) {
      if (!isDatabaseGone(error)) throw error;
      return { ready: false, checks: [checkOf('database', [blocking('the database does not answer')])] };
    }
  }

  return () => {
    underWay ??= look().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}
