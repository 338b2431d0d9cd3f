import { expect, test } from 'vitest';
import { type KeyFacts, type KeyStatus, verdictOf } from '../../../src/core/keys/status.ts';

const NOW = Date.UTC(2026, 2, 1);
const key = (key_type: string): KeyFacts => ({
  fingerprint: 'x',
  key_type,
  module_label: null,
  since: NOW - 1000,
  not_before: NOW - 1000,
  not_after: NOW + 1000,
});
const status = (active: string, staged: string, seen = 1): KeyStatus => ({
  biller_id: 'x',
  slug: 'riverton',
  rotation: 'overlap',
  active: key(active),
  staged: key(staged),
  retiring: null,
  seen,
  last_seen: null,
  last_fetch: null,
  handed_over_until: null,
});

test.each([
  ['RSA-2048', 'RSA-4096'],
  ['EC-P256', 'EC-P256'],
])('a staged key of the same type is safe once it was fetched: %s, %s', (active, staged) => {
  const verdict = verdictOf(status(active, staged), NOW);
  expect(verdict).toEqual({ safe: true, sentence: expect.stringMatching(/^Safe: .*\(1 fetch\)\.$/) });
});

test('if the key type changes, a fetch proves less, and the verdict says so', () => {
  const { safe, sentence } = verdictOf(status('RSA-2048', 'EC-P256'), NOW);
  expect(safe).toBe(true);
  expect(sentence).toMatch(/^Safe: .* The key type changes from RSA to EC, and many .* verify only RSA: ask/);
  expect(verdictOf(status('RSA-2048', 'EC-P256', 0), NOW).sentence).toMatch(/^Wait: .* from RSA to EC/);
});
