import { expect, test } from 'vitest';
import type { KeyFacts, KeyStatus } from '../../../../src/core/keys/status.ts';
import { verdictOf } from '../../../../src/core/keys/trust/verdict.ts';

const NOW = Date.UTC(2026, 2, 1);
const key = (key_type: string): KeyFacts => ({
  fingerprint: 'x',
  key_type,
  module_label: null,
  since: NOW - 1000,
  not_before: NOW - 1000,
  not_after: NOW + 1000,
  trust: null,
  trust_at: null,
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
  active_seen: 1,
  canary: null,
});
const judged = (trust: KeyFacts['trust'], rotation: KeyStatus['rotation'] = 'overlap'): KeyStatus => ({
  ...status('RSA-2048', 'RSA-2048'),
  rotation,
  staged: { ...key('RSA-2048'), trust, trust_at: NOW },
});

test.each([
  ['RSA-2048', 'RSA-4096'],
  ['EC-P256', 'EC-P256'],
])('a staged key that the Service Provider fetched is seen, and not proven: %s, %s', (active, staged) => {
  const verdict = verdictOf(status(active, staged), NOW);
  const sentence = expect.stringMatching(
    /^Seen, not proven: the Service Provider .*\(1 fetch by 203\.0\.113\.7 \(their-crm\/1\.0\)\)\. It is safe only if the Service Provider keeps several certificates\. A canary proves it: `ic-idp key canary riverton`\.$/,
  );
  expect(verdict).toEqual({ safe: false, unconfirmed: true, sentence });
});

test('while the Service Provider’s clients are not listed, a fetch needs an operator who knows whose it was', () => {
  const seen_by = ['1', '2', '3', '4', '4'].map((client) => ({ ...fetch, client }));
  const anyone = { ...status('RSA-2048', 'RSA-2048'), clients_known: false, seen: 5, seen_by };
  const verdict = verdictOf(anyone, NOW);
  expect(verdict).toMatchObject({ safe: false, unconfirmed: true });
  expect(verdict.sentence).toMatch(
    /^Seen, not proven: someone .* \(5 fetches by 203\.0\.113\.7 \(1\), .* \(3\) and 1 more\), and anyone can/,
  );
});

test.each(['overlap', 'switch-on-fetch'] as const)(
  'an accepted sign-on proves the key, whatever the rotation: %s',
  (rotation) => {
    const verdict = verdictOf(judged('accepted', rotation), NOW);
    expect(verdict).toMatchObject({ safe: true, unconfirmed: false });
    expect(verdict.sentence).toMatch(/^Proven: /);
  },
);

test('a refused sign-on outweighs every fetch, and no confirmation helps', () => {
  const verdict = verdictOf(judged('refused'), NOW);
  expect(verdict).toMatchObject({ safe: false, unconfirmed: false });
  expect(verdict.sentence).toContain('`ic-idp key hand-over riverton`');
});

test('an expired certificate is not safe, though it was proven', () => {
  const proven = judged('accepted');
  expect(verdictOf(proven, NOW + 1000)).toMatchObject({ safe: false, unconfirmed: false });
  expect(verdictOf(proven, NOW - 1001).sentence).toContain('is not valid before');
});

test('a running canary asks for its verdict', () => {
  const canary = { user_id: 'u', email: 'pat@example.com', since: NOW };
  const { sentence } = verdictOf({ ...status('RSA-2048', 'RSA-2048'), canary }, NOW);
  expect(sentence).toContain('sign on as that portal user, then say what Invoice Cloud did');
  expect(sentence).not.toContain('pat@');
});

test('if the key type changes, a fetch proves less, and the verdict says so', () => {
  const { unconfirmed, sentence } = verdictOf(status('RSA-2048', 'EC-P256'), NOW);
  expect(unconfirmed).toBe(true);
  expect(sentence).toMatch(/^Seen, .* The key type changes from RSA to EC, and many .* verify only RSA: ask/);
  expect(verdictOf(status('RSA-2048', 'EC-P256', 0), NOW).sentence).toMatch(/^Wait: .* from RSA to EC/);
});
