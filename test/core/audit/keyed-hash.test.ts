import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createKeyedHash } from '../../../src/core/audit/keyed-hash.ts';

test('an email is found by its hash, in any case, and only with the key', {
  meta: { holds: ['IDP-068'], source: 'project rule' },
}, () => {
  const secret = randomBytes(32);
  const keyedHash = createKeyedHash(secret);
  const hash = keyedHash.email('Pat@Example.com');
  expect(hash).toMatch(/^[\w-]{22}$/);
  expect(keyedHash.email('pat@example.COM')).toBe(hash);
  expect(createKeyedHash(secret).email('pat@example.com')).toBe(hash);
  expect(keyedHash.email('pat@example.co')).not.toBe(hash);
  expect(createKeyedHash(randomBytes(32)).email('pat@example.com')).not.toBe(hash);
});
