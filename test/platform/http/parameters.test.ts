import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IdpError } from '../../../src/platform/errors/idp-error.ts';
import { rawQuery, readParameters } from '../../../src/platform/http/parameters.ts';

const read = (text: string) => [...readParameters(text)];

test.each<[string, [string, string][]]>([
  ['', []],
  ['&&', []],
  [
    'a=1&b=2',
    [
      ['a', '1'],
      ['b', '2'],
    ],
  ],
  ['RelayState=', [['RelayState', '']]],
  ['RelayState', [['RelayState', '']]],
  ['a=b=c==', [['a', 'b=c==']]],
  ['a=%2f%2F%3d', [['a', '//=']]],
  ['a=1+2%2B3%20', [['a', '1 2+3 ']]],
  ['a=%E6%B0%B4', [['a', '水']]],
  ['a=水', [['a', '水']]],
  ['%61+b=1', [['a b', '1']]],
  ['=1', [['', '1']]],
  [
    '__proto__=1&constructor=2',
    [
      ['__proto__', '1'],
      ['constructor', '2'],
    ],
  ],
])('%j is read as a form (WHATWG URL 5.1)', (text, expected) => {
  expect(read(text)).toEqual(expected);
});

test('reads what URLSearchParams writes, unchanged and in order', () => {
  const pairs = fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })), {
    selector: ([name]) => name,
  });
  fc.assert(
    fc.property(pairs, (given) => {
      expect(read(new URLSearchParams(given).toString())).toEqual(given);
    }),
    { seed: 25 },
  );
});

describe('refuses', () => {
  test.each([
    'SAMLRequest=1&SAMLRequest=1',
    'RelayState=a&SAMLRequest=1&RelayState=b',
    'RelayState&RelayState=',
    'SAMLRequest=1&SAML%52equest=2',
    '=1&=2',
  ])('%s, which names a parameter twice', { meta: { holds: ['IDP-025'], source: 'project rule' } }, (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'parameter_invalid' }));
  });

  test.each(['a=%', 'a=%4', 'a=%zz', 'a=%E6%B0', 'a=%ff', '%=1', 'a=%u6C34'])(
    '%s, which is not percent-encoded UTF-8',
    { meta: { holds: ['IDP-014', 'IDP-025'], source: 'RFC 3986, 2.1' } },
    (text) => {
      expect(() => read(text)).toThrow(IdpError);
      expect(() => read(text)).toThrow(expect.objectContaining({ code: 'parameter_invalid' }));
    },
  );
});

test.each([
  ['/saml/x/sso', ''],
  ['/saml/x/sso?', ''],
  ['/saml/x/sso?a=%2f&b=%2F+c', 'a=%2f&b=%2F+c'],
  ['/saml/x/sso?a=1?b=2', 'a=1?b=2'],
])(
  'the query of %s is kept as received',
  { meta: { holds: ['IDP-008'], source: 'SAML Bindings 3.4.4.1' } },
  (target, query) => {
    expect(rawQuery(target)).toBe(query);
  },
);
