import { expect, test } from 'vitest';
import { prepareAutoSubmitPage } from '../../../../src/platform/http/pages/auto-submit-page.ts';

const write = prepareAutoSubmitPage('City of Riverton Water', 'https://sp.example/acs');

test('RelayState is left out if there is none, and present if it is empty', () => {
  expect(write('QUJD', undefined)).not.toContain('RelayState');
  expect(write('QUJD', '')).toContain('name="RelayState" value=""');
});

test('writes line breaks as character references, which a parser does not change', () => {
  expect(write('QUJD', 'a\r\nb')).toContain('value="a&#13;&#10;b"');
});

test.each(['QUJD">', 'QUJD&#34;'])('refuses a Response that is not base64: %s', (samlResponse) => {
  expect(() => write(samlResponse, undefined)).toThrow(/not base64/);
});

test('values with replacement patterns stay unchanged', () => {
  expect(write('QUJD', "$&$1$`$'")).toContain('value="$&#38;$1$`$&#39;"');
});

test('the page for a typical Response stays under 12 kB, so that it fits into the first round trip', () => {
  const page = write('A'.repeat(8_000), 'r'.repeat(80));
  expect(Buffer.byteLength(page)).toBeLessThan(12_000);
});

test('a page for a biller with a non-ASCII name is ASCII and reads the same', () => {
  const page = prepareAutoSubmitPage('Agua Potable de Peñasco 💧', 'https://sp.example/acs')('QUJD', '');
  expect(page).toMatch(/^[\0-\x7F]*$/);
  expect(page).toContain('Agua Potable de Pe&#241;asco &#128167;');
});
