import { createAuditProbe } from '../../core/audit/probe.ts';
import { type ActiveKey, createFindDamagedKeys, listActiveKeys } from '../../core/keys/active-keys.ts';
import type { Hsm } from '../../core/keys/hsm/hsm.ts';
import type { Keys } from '../../core/keys/keys.ts';
import type { MasterKey } from '../../core/secrets/master-key.ts';
import { type Database, isDatabaseGone } from '../../platform/database/database.ts';

interface Problem {
  /** For operators. */
  readonly sentence: string;
  /** For anyone who asks; undefined if the sentence names a biller. */
  readonly reason?: string;
  readonly remedy?: string;
  /** The service must not get work while it lasts. */
  readonly blocking: boolean;
}

/** One thing that the service needs to do its work. */
interface ReadinessCheck {
  readonly name: 'database' | 'audit' | 'keys' | 'module';
  readonly ok: boolean;
  /** What is wrong; empty if nothing is. */
  readonly problems: readonly Problem[];
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

const blocking = (sentence: string): Problem => ({ sentence, blocking: true });
const DOWN = 'the database does not answer';
const checkOf = (name: ReadinessCheck['name'], problems: readonly Problem[]): ReadinessCheck => ({
  name,
  ok: problems.length === 0,
  problems,
});

/**
 * @returns a function that says whether the service can do its work: a database, an audit that can be written, a usable
 *   key for every biller, and the HSM if one is configured. An answer always covers every biller; calls at the same time share one
 */
export function createReadiness(services: ReadinessServices): () => Promise<Readiness> {
  const { database, keys, masterKey, hsm, clock } = services;
  const probeAudit = createAuditProbe({ database, clock });
  const findDamagedKeys = createFindDamagedKeys(database, masterKey);
  /** Keys in the HSM that were found usable. */
  const usable = new Set<string>();
  let underWay: Promise<Readiness> | undefined;

  function dateProblem({ slug, key_id, not_before, not_after, refuses_expired }: ActiveKey): Problem | undefined {
    if (key_id === null || not_before === null || not_after === null) {
      return blocking(`biller ${slug} has no active signing key`);
    }
    if (clock() >= not_after) {
      return {
        sentence: `the active certificate of biller ${slug} has expired`,
        remedy: `Rotate it: \`ic-idp key stage ${slug}\`, then what \`ic-idp key status ${slug}\` says.`,
        // A biller that goes on signing with its expired key is no reason to take every other one out of service.
        blocking: refuses_expired,
      };
    }
    if (clock() < not_before) return blocking(`the active certificate of biller ${slug} is not valid yet`);
    return undefined;
  }

  async function hsmKeyProblem({ biller_id, slug, key_id }: ActiveKey): Promise<Problem | undefined> {
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
            : await hsmKeyProblem(key));
      if (problem !== undefined) problems.push(problem);
    }
    return problems;
  }

  /** The HSM blocks readiness only if a biller's active key is in it. */
  async function hsmProblems(needed: boolean): Promise<Problem[]> {
    if (hsm === undefined) {
      const sentence = 'an active key is in an HSM, but none is configured';
      return needed ? [blocking(sentence)] : [];
    }
    try {
      await hsm.check();
      return [];
    } catch (error) {
      return [{ sentence: (error as Error).message, blocking: needed }];
    }
  }

  async function auditProblems(): Promise<Problem[]> {
    return (await probeAudit()).map(({ sentence, detail, ...rest }) => ({
      ...rest,
      sentence: detail === undefined ? sentence : `${sentence}: ${detail}`,
      reason: sentence,
    }));
  }

  async function look(): Promise<Readiness> {
    try {
      // Migrations are applied before the service listens, so a database that answers has the right tables.
      const [active, ofAudit] = await Promise.all([listActiveKeys(database), auditProblems()]);
      const needed = active.some(({ module_label }) => module_label !== null);
      const [ofKeys, ofHsm] = await Promise.all([keyProblems(active), hsmProblems(needed)]);
      return {
        ready: ![...ofAudit, ...ofKeys, ...ofHsm].some((problem) => problem.blocking),
        checks: [
          checkOf('database', []),
          checkOf('keys', ofKeys),
          checkOf('audit', ofAudit),
          ...(hsm === undefined && !needed ? [] : [checkOf('module', ofHsm)]),
        ],
      };
    } catch (error) {
      if (!isDatabaseGone(error)) throw error;
      return { ready: false, checks: [checkOf('database', [{ ...blocking(DOWN), reason: DOWN }])] };
    }
  }

  return () => {
    underWay ??= look().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}
