import type { Billers } from '../billers/billers.ts';
import { type Database, isDatabaseGone } from '../database/database.ts';
import type { Keys } from '../keys/keys.ts';

/** One thing that must hold for the service to do its work. */
export interface ReadinessCheck {
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
  readonly billers: Billers;
  readonly keys: Keys;
  readonly clock: () => number;
}

/** Asks whether every biller has a key that can be used now: there, unsealed, its certificate valid. */
async function keyProblems({ billers, keys, clock }: ReadinessServices): Promise<string[]> {
  const problems: string[] = [];
  const now = clock();
  for (const { id, slug } of await billers.all()) {
    try {
      const { active } = await keys.ofBiller(id);
      if (active === undefined) problems.push(`biller ${slug} has no active signing key`);
      else if (now >= active.notAfter.getTime()) problems.push(`the active certificate of biller ${slug} has expired`);
      else if (now < active.notBefore.getTime())
        problems.push(`the active certificate of biller ${slug} is not valid yet`);
    } catch (error) {
      if (isDatabaseGone(error)) throw error;
      problems.push(`the signing key of biller ${slug} can't be used: ${(error as Error).message}`);
    }
  }
  return problems;
}

/** Migrations are applied before the service listens, so a database that answers is one of the right shape. */
export async function readinessOf(services: ReadinessServices): Promise<Readiness> {
  try {
    await services.database.ping();
    const problems = await keyProblems(services);
    const checks: ReadinessCheck[] = [
      { name: 'database', ok: true, problems: [] },
      { name: 'keys', ok: problems.length === 0, problems },
    ];
    return { ready: problems.length === 0, checks };
  } catch {
    return { ready: false, checks: [{ name: 'database', ok: false, problems: ['the database does not answer'] }] };
  }
}
