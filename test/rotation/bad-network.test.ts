import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Drill, startDrill } from './drill.ts';

/** Sign-ons of each biller between two steps: enough for both instances to be in the middle of some at each step. */
const SIGN_ONS = Number(process.env.DRILL_SIGN_ONS ?? 8);

let drill: Drill;
beforeAll(async () => {
  drill = await startDrill({ pins: 'pins' }, 20);
});
afterAll(() => drill.end());

const fingerprints = async () => {
  const { active, staged } = await drill.status('pins');
  return { active: active?.fingerprint, staged: staged?.fingerprint };
};
/** @returns the path of a one-time metadata URL for a newly staged key */
async function handedOver(): Promise<string> {
  const { retiring } = await drill.status('pins');
  if (retiring !== null) await drill.operate('key.retire', { biller: 'pins', force: true });
  await drill.operate('key.stage', { biller: 'pins' });
  const { url } = (await drill.operate('key.hand-over', { biller: 'pins' })) as { url: string };
  return new URL(url).search;
}
function expectNobodyHurt(): void {
  const [pins] = drill.billers;
  expect(pins?.refused).toEqual([]);
}
const limit = { timeout: 60_000 + SIGN_ONS * 400 };

test('a switch over a network with 200 ms round trips refuses no sign-on', limit, async () => {
  const query = await handedOver();
  const { staged } = await fingerprints();
  for (const cable of drill.cables) cable.delay(200);
  await drill.billers[0]?.party.save(drill.metadataUrl('pins', 0, query));
  await drill.signOns(SIGN_ONS);
  for (const cable of drill.cables) cable.delay(0);
  await drill.signOns(SIGN_ONS);
  expect((await fingerprints()).active).toBe(staged);
  expectNobodyHurt();
});

test('a switch that one instance does not hear of refuses no sign-on', limit, async () => {
  const query = await handedOver();
  const { staged } = await fingerprints();
  drill.cables[1].deafen();
  await drill.billers[0]?.party.save(drill.metadataUrl('pins', 0, query));
  await drill.signOns(SIGN_ONS);
  expect((await fingerprints()).active).toBe(staged);
  expectNobodyHurt();
  drill.cables[1].resume();
});

test('a client that gives up its fetch switches nothing, and can fetch again', limit, async () => {
  const query = await handedOver();
  const before = await fingerprints();
  const url = drill.metadataUrl('pins', 0, query);
  await expect(fetch(url, { signal: AbortSignal.timeout(1_500) })).rejects.toThrow('timeout');
  const failed = () => drill.operate('audit.list', { biller: 'pins', event: 'key.hand_over_failed' });
  await vi.waitUntil(async () => ((await failed()) as unknown[]).length > 0);
  expect(await fingerprints()).toEqual(before);
  await drill.signOns(SIGN_ONS);
  expectNobodyHurt();
  const cutOff = async () => {
    const rows = (await drill.operate('key.fetches', { biller: 'pins' })) as {
      status: number;
      certificates: string[];
    }[];
    return rows.find(({ status }) => status === 499);
  };
  expect((await vi.waitUntil(cutOff)).certificates).toEqual([]);

  await drill.billers[0]?.party.save(url);
  await drill.signOns(SIGN_ONS);
  expect((await fingerprints()).active).toBe(before.staged);
  expectNobodyHurt();
});
