import { setTimeout as pause } from 'node:timers/promises';
import { createRelyingParty, transitTimes } from '../../test/rotation/relying-party.ts';
import { all, type Fact, measured, none } from '../experiment.ts';
import type { Instance } from './instance.ts';
import { type Load, type SignOn, startLoad } from './load.ts';
import { ACS, BILLER, entityIdOf, type Stage } from './stage.ts';

const BROWSERS = 6;
const PAUSE_MS = 40;

/** A Service Provider that keeps the one certificate that it was shown when its form was saved, under sign-ons. */
export interface WatchedSignOns extends Load {
  /** Saves the form with this metadata URL, fetched from an instance. @throws Error if it is not answered with 200 */
  save(url: string, instance: Instance): Promise<void>;
  /** Resolves with what became of the sign-ons so far, once they have arrived. */
  outcome(): Promise<{ accepted: number; refused: number; longestMs: number }>;
}

/** Stages a key. @returns the one-time URL that activates it when it is fetched */
export async function handOver({ operator }: Stage): Promise<string> {
  await operator.run(['key', 'stage', BILLER]);
  const { output } = await operator.run(['key', 'hand-over', BILLER, '--json']);
  const url = /https?:\/\/[^"\s]+\?one-time=[\w-]+/.exec(output)?.[0];
  if (url === undefined) throw new Error(`key hand-over printed no URL: ${output}`);
  return url;
}

/** @returns a URL of the service as this instance has it */
export const at = ({ url }: Instance, address: string) => address.replace(new URL(address).origin, url);

/** Starts sign-ons on every instance that the Service Provider judges when they arrive. */
export async function watchSignOns(stage: Stage): Promise<WatchedSignOns> {
  const party = createRelyingParty('pins', entityIdOf(BILLER), ACS);
  const save = (url: string, instance: Instance) => party.save(at(instance, url));
  await save(`${stage.instance.url}/saml/${BILLER}/metadata`, stage.instance);
  const transit = transitTimes();
  const arriving = new Set<Promise<void>>();
  let accepted = 0;
  let refused = 0;
  async function arrive(response: string, afterMs: number): Promise<void> {
    await pause(afterMs);
    if (await party.accepts(response)) accepted += 1;
    else refused += 1;
  }
  const after = ({ response }: SignOn) => {
    if (response === undefined) refused += 1;
    else arriving.add(arrive(response, transit.next().value));
  };
  const load = startLoad(stage, { browsers: BROWSERS, pauseMs: PAUSE_MS, after });
  return {
    ...load,
    save,
    async outcome() {
      await Promise.all(arriving);
      const longestMs = Math.max(...load.signOns.map(({ milliseconds }) => milliseconds));
      return { accepted, refused, longestMs };
    },
  };
}

/** The facts of a switch under sign-ons. @param where what was special about it */
export async function switchFacts(
  watched: WatchedSignOns,
  stage: Stage,
  before: string,
  where: string,
): Promise<Fact[]> {
  const { accepted, refused, longestMs } = await watched.outcome();
  const now = await activeKey(stage);
  return [
    none(`sign-ons refused${where}`, refused, accepted + refused),
    all(`keys switched${where}`, now === before ? 0 : 1, 1),
    measured(`longest sign-on${where}`, longestMs, 'ms'),
  ];
}

/** @returns the fingerprint of the active key, as the database has it */
export async function activeKey(stage: Stage): Promise<string> {
  const [row] = await stage.query<{ fingerprint: string }>(
    `select fingerprint from signing_keys k join billers b on b.id = k.biller_id where b.slug = $1 and state = 'active'`,
    [BILLER],
  );
  return row?.fingerprint ?? 'none';
}
