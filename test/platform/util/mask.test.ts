import { expect, test } from 'vitest';
import { mask, maskEmails } from '../../../src/platform/util/mask.ts';

test.each([
  ['', ''],
  ['5', '•'],
  ['ab', '••'],
  ['pat', 'p•••t (3 characters)'],
  ['pat@example.com', 'p•••m (15 characters)'],
  ['😀x😀', '😀•••😀 (3 characters)'],
])('%j is masked as %j', (value, masked) => {
  expect(mask(value)).toBe(masked);
});

test('a text keeps everything except email addresses, even percent-encoded or truncated ones', () => {
  expect(maskEmails('mail pat@example.com, soon')).toBe('mail p•••m (15 characters), soon');
  expect(maskEmails('?to=pat%40example.com&x=1')).toBe('?to=p•••m (17 characters)&x=1');
  expect(maskEmails(`a@b ${'x'.repeat(1_990)} pat@example.com`)).not.toContain('pat');
});
