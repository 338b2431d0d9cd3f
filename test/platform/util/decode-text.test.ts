import { expect, test } from 'vitest';
import { decodeText, TextError } from '../../../src/platform/util/decode-text.ts';

test('UTF-8 is read without its byte order mark', () => {
  expect(decodeText(Buffer.from('pässwörd 水\n'))).toBe('pässwörd 水\n');
  expect(decodeText(Buffer.from('\ufeffsecret12\r\n'))).toBe('secret12\r\n');
  expect(decodeText(Buffer.of())).toBe('');
});

test.each<[string, Buffer, string]>([
  ['UTF-16 with its mark', Buffer.from('\ufeffcorrect horse\r\n', 'utf16le'), 'is UTF-16'],
  ['UTF-16 with the other byte order', Buffer.from('\ufeffcorrect', 'utf16le').swap16(), 'is UTF-16'],
  ['UTF-16 without a mark', Buffer.from('correct', 'utf16le'), 'is UTF-16'],
  ['Latin-1', Buffer.from('pässwort', 'latin1'), 'is not UTF-8 text'],
  ['a cut-off character', Buffer.from('pä').subarray(0, 2), 'is not UTF-8 text'],
  ['a NUL byte', Buffer.from('abc\0d'), 'it contains NUL bytes'],
])('%s is refused', (_what, bytes, reason) => {
  expect(() => decodeText(bytes)).toThrow(TextError);
  expect(() => decodeText(bytes)).toThrow(reason);
});
