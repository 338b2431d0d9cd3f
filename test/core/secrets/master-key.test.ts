import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMasterKey } from '../../../src/core/secrets/master-key.ts';

const base64 = randomBytes(32).toString('base64');
const masterKey = createMasterKey(base64);
const other = createMasterKey(randomBytes(32).toString('base64'));

test('any secret can be unsealed in its context with a reloaded key, and in no other context', () => {
  const secret = fc.uint8Array({ minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (bytes, context, elsewhere) => {
      const sealed = masterKey.seal(bytes, context);
      expect(createMasterKey(base64).unseal(sealed, context)).toEqual(Buffer.from(bytes));
      expect(() => other.unseal(sealed, context)).toThrow();
      expect(() => masterKey.unseal(sealed, `${context} `)).toThrow();
      if (elsewhere !== context) expect(() => masterKey.unseal(sealed, elsewhere)).toThrow();
    }),
    { seed: 32 },
  );
});

test('a sealed secret with a flipped bit, truncated or extended, is refused', () => {
  const sealed = masterKey.seal(Buffer.from('a private key'), 'x');
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const flipped = Buffer.from(sealed);
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect(() => masterKey.unseal(flipped, 'x'), `bit ${bit}`).toThrow();
  }
  for (let length = 0; length < sealed.length; length += 1) {
    expect(() => masterKey.unseal(sealed.subarray(0, length), 'x'), `length ${length}`).toThrow();
  }
  expect(() => masterKey.unseal(Buffer.concat([sealed, Buffer.of(0)]), 'x')).toThrow();
  expect(masterKey.unseal(sealed, 'x').toString()).toBe('a private key');
});

test('the check value distinguishes keys without revealing them', () => {
  const [checkValue = ''] = masterKey.checkValues;
  expect(checkValue).toMatch(/^[0-9a-f]{16}$/);
  expect(createMasterKey(base64).checkValues).toEqual([checkValue]);
  expect(other.checkValues).not.toEqual([checkValue]);
  const master = Buffer.from(base64, 'base64');
  expect(master.includes(Buffer.from(checkValue, 'hex'))).toBe(false);
});
