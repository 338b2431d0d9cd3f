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
const fetch = { at: NOW, address: '203.0.113.7', client: 'their-crm/1.0', count: 1 };
const status = (active: string, staged: string, seen = 1): KeyStatus => ({
  biller_id: 'x',
  slug: 'riverton',
  rotation: 'overlap',
  active: key(active),
  staged: key(staged),
  retiring: null,
  seen,
  last_seen: null,
  seen_by: seen === 0 ? [] : [fetch],
  clients_known: true,
  last_fetch: null,
  handed_over_until: null,
});

test.each([
  ['RSA-2048', 'RSA-4096'],
  ['EC-P256', 'EC-P256'],
])('a staged key of the same type is safe once it was fetched: %s, %s', (active, staged) => {
  const verdict = verdictOf(status(active, staged), NOW);
  const sentence = expect.stringMatching(/^Safe: .*\(1 fetch by 203\.0\.113\.7 \(their-crm\/1\.0\)\)\.$/);
  expect(verdict).toEqual({ safe: true, unconfirmed: false, sentence });
});

test('while the Service Provider’s clients are not listed, a fetch needs an operator who knows whose it was', () => {
  const seen_by = ['1', '2', '3', '4', '4'].map((client) => ({ ...fetch, client }));
  const anyone = { ...status('RSA-2048', 'RSA-2048'), clients_known: false, seen: 5, seen_by };
  const verdict = verdictOf(anyone, NOW);
  expect(verdict).toMatchObject({ safe: false, unconfirmed: true });
  expect(verdict.sentence).toMatch(
    /^Someone .* \(5 fetches by 203\.0\.113\.7 \(1\), .* \(3\) and 1 more\), and anyone can/,
  );
});

test('if the key type changes, a fetch proves less, and the verdict says so', () => {
  const { safe, sentence } = verdictOf(status('RSA-2048', 'EC-P256'), NOW);
  expect(safe).toBe(true);
  expect(sentence).toMatch(/^Safe: .* The key type changes from RSA to EC, and many .* verify only RSA: ask/);
  expect(verdictOf(status('RSA-2048', 'EC-P256', 0), NOW).sentence).toMatch(/^Wait: .* from RSA to EC/);
});
