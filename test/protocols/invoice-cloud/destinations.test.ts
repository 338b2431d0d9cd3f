import { expect, test } from 'vitest';
import {
  DESTINATION_LABELS,
  DESTINATION_NAMES,
  readDestination,
} from '../../../src/protocols/invoice-cloud/destinations.ts';
import { loginTypeOf } from '../../../src/protocols/invoice-cloud/login-type.ts';

test.each([
  ['bills', 1],
  ['paperless', 2],
  ['autopay', 3],
  ['payment-methods', 5],
  ['scheduled-payments', 9],
  // Unlisted Invoice Cloud pages can be opened by number.
  ['1', 1],
  ['13', 13],
  ['999999999', 999_999_999],
])(
  'the destination %s has the DeepLinkID %i',
  { meta: { holds: ['IDP-069'], source: 'Invoice Cloud redirect link' } },
  (text, id) => {
    expect(readDestination(text)).toBe(id);
  },
);

test.each([
  '',
  '0',
  '-1',
  '1.0',
  '1e3',
  '0x1',
  '01',
  ' 1',
  '1 ',
  '１',
  '1000000000',
  'Bills',
  'bills ',
  'toString',
  '__proto__',
  'constructor',
])('%j is not a destination', { meta: { holds: ['IDP-069'], source: 'project rule' } }, (text) => {
  expect(readDestination(text)).toBeUndefined();
});

test('every destination has its own label for portal users', () => {
  expect(Object.keys(DESTINATION_LABELS)).toEqual(DESTINATION_NAMES);
  expect(new Set(Object.values(DESTINATION_LABELS)).size).toBe(DESTINATION_NAMES.length);
});

test.each([
  ['owner', 1],
  ['co-owner', 7],
  ['tenant', 5],
  ['', 5],
  ['Owner', 5],
  ['toString', 5],
  ['__proto__', 5],
])('the role %j gives login type %i', { meta: { holds: ['IDP-049'], source: 'project rule' } }, (role, loginType) => {
  expect(loginTypeOf(role, { owner: 1, 'co-owner': 7 }, 5)).toBe(loginType);
});
