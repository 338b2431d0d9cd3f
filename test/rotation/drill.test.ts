import { afterAll, beforeAll, expect, test } from 'vitest';
import { CANARY, type Drill, startDrill } from './drill.ts';

/** Sign-ons of each biller between two steps: enough for both instances to be in the middle of some at each step. */
const SIGN_ONS = Number(process.env.DRILL_SIGN_ONS ?? 40);

let drill: Drill;
beforeAll(async () => {
  drill = await startDrill({ refetches: 'refetches', pins: 'pins', 'pins-first-of-two': 'pins' }, 5);
});
afterAll(() => drill.end());

/** No one was refused so far. */
function expectNobodyHurt(): void {
  for (const { slug, accepted, refused } of drill.billers) {
    expect({ slug, refused }).toEqual({ slug, refused: [] });
    expect(accepted).toBeGreaterThan(0);
  }
}

test('a complete rotation, in both ways, on two instances: no sign-on is refused', {
  timeout: 60_000 + SIGN_ONS * 400,
  meta: { holds: ['IDP-083', 'IDP-084', 'IDP-093'], source: 'project rule' },
}, async () => {
  const { billers, operate, status, signOns, signOnAsCanary, passTenMinutes, metadataUrl } = drill;
  const [, pins, pinsFirst] = billers;
  await signOns(SIGN_ONS);

  // Staged: published next to the old one, which still signs.
  for (const { slug } of billers) await operate('key.stage', { biller: slug });
  await signOns(SIGN_ONS);
  expectNobodyHurt();

  // A Service Provider that pins one certificate learns nothing by saving its form again.
  const before = pinsFirst?.party.kept();
  await pinsFirst?.party.save(metadataUrl('pins-first-of-two', 1));
  expect(pinsFirst?.party.kept()).toEqual(before);

  // Forcing the activation now would hurt every Service Provider that does not have the staged certificate.
  const hurt: string[] = [];
  for (const { slug, party } of billers) {
    const { staged } = await status(slug);
    if (!party.kept().includes(staged?.fingerprint ?? '')) hurt.push(slug);
  }
  console.log(`drill: had the operator forced it, sign-ons would have failed for ${hurt.join(' and ')}`);
  expect(hurt).toEqual(['pins', 'pins-first-of-two']);

  // Overlap: the Service Provider that re-fetches has seen it. A canary proves that it trusts it, at either instance.
  const { verdict } = await status('refetches');
  expect(verdict).toMatchObject({ safe: false, unconfirmed: true });
  await operate('key.canary', { biller: 'refetches', user: CANARY });
  expect(await signOnAsCanary('refetches', 0)).toBe(true);
  expect(await signOnAsCanary('refetches', 1)).toBe(true);
  await signOns(SIGN_ONS);
  await operate('key.judge', { biller: 'refetches', verdict: 'accepted' });
  await operate('key.activate', { biller: 'refetches' });
  // For one that has not fetched, activation is refused.
  expect((await status('pins')).seen).toBe(0);
  await expect(operate('key.activate', { biller: 'pins' })).rejects.toThrow('keeps only one certificate');

  // Switch on fetch: forms saved with the one-time metadata URL, each at another instance.
  for (const [party, slug, instance] of [
    [pins?.party, 'pins', 0],
    [pinsFirst?.party, 'pins-first-of-two', 1],
  ] as const) {
    const { url } = (await operate('key.hand-over', { biller: slug })) as { url: string };
    await party?.save(metadataUrl(slug, instance, new URL(url).search));
  }
  await signOns(SIGN_ONS);
  for (const { slug, party } of billers) {
    const { active } = await status(slug);
    expect(party.kept()).toContain(active?.fingerprint);
  }

  // Retired: gone from the metadata, and still no one notices.
  for (const slug of ['pins', 'pins-first-of-two']) {
    expect(await signOnAsCanary(slug, 1)).toBe(true);
    await operate('key.judge', { biller: slug, verdict: 'accepted' });
  }
  await passTenMinutes();
  for (const { slug } of billers) await operate('key.retire', { biller: slug });
  await signOns(SIGN_ONS);
  expectNobodyHurt();
  const total = billers.reduce((sum, { accepted }) => sum + accepted, 0);
  console.log(`drill: ${total} sign-ons at two instances through a whole rotation, 0 refused`);
});
