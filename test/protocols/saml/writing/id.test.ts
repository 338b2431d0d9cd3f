import { expect, test } from 'vitest';
import { newSamlId } from '../../../../src/protocols/saml/writing/id.ts';

// Several batches of random bytes.
const ids = Array.from({ length: 20_000 }, newSamlId);

test('an ID is an NCName of 160 bits, and never repeats', {
  meta: { holds: ['IDP-035', 'IDP-042'], source: 'SAML Core 1.3.4' },
}, () => {
  expect(ids.filter((id) => !/^_[0-9a-f]{40}$/.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
});

test('each of its bits is set half the time', {
  meta: { holds: ['IDP-035'], source: 'SAML Core 1.3.4' },
}, () => {
  const set = new Array<number>(160).fill(0);
  for (const id of ids) {
    for (const [position, byte] of Buffer.from(id.slice(1), 'hex').entries()) {
      for (let bit = 0; bit < 8; bit += 1)
        set[position * 8 + bit] = (set[position * 8 + bit] ?? 0) + ((byte >> bit) & 1);
    }
  }
  // Ten standard deviations of a fair coin: never exceeded by chance.
  const allowed = 10 * Math.sqrt(ids.length / 4);
  expect(set.filter((times) => Math.abs(times - ids.length / 2) > allowed)).toEqual([]);
});
