import type { Chance } from '../../chance.ts';
import { activeKey } from '../../stage/service-provider.ts';
import { BILLER, type Stage } from '../../stage/stage.ts';

/** A key whose revocation was acknowledged. */
export interface Revoked {
  readonly fingerprint: string;
  /** In the time of performance.now(). */
  readonly at: number;
}

const WHY = ['--reason', 'stress'];
const CHANGES = [
  ['key', 'stage', BILLER],
  ['key', 'activate', BILLER, '--force', ...WHY],
  ['key', 'retire', BILLER, '--force', ...WHY],
  ['key', 'revoke', BILLER, '--replace', ...WHY],
] as const;

/**
 * Changes keys in the middle of a fault, or not. A command that fails (also because there is nothing to activate or retire)
 * has acknowledged nothing.
 *
 * @returns the key that it revoked, if it did
 */
export async function changeKeys(stage: Stage, chance: Chance): Promise<Revoked | undefined> {
  const change = chance.pick([undefined, ...CHANGES]);
  if (change === undefined) return undefined;
  try {
    const fingerprint = await activeKey(stage);
    const { at } = await stage.operator.run(change);
    return change[1] === 'revoke' ? { fingerprint, at } : undefined;
  } catch {
    return undefined;
  }
}
