import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatInstant, parseInstant } from '../../../src/protocols/saml/instant.ts';

// Years 0001 to 9999; beyond that, xs:dateTime and JavaScript write years differently.
const milliseconds = fc.integer({ min: Date.parse('0001-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59Z') });

test('an instant is written in UTC to the whole second, no matter which day was written before (SAML Core 1.3.3)', () => {
  const whole = (instant: number) => `${new Date(instant).toISOString().slice(0, 19)}Z`;
  fc.assert(
    fc.property(fc.array(milliseconds, { minLength: 1 }), (instants) => {
      expect(instants.map(formatInstant)).toEqual(instants.map(whole));
    }),
  );
  // The last second of one day and the first of the next, back and forth.
  const midnight = Date.UTC(2028, 1, 29);
  expect([midnight - 1, midnight, midnight - 1000].map(formatInstant)).toEqual([
    '2028-02-28T23:59:59Z',
    '2028-02-29T00:00:00Z',
    '2028-02-28T23:59:59Z',
  ]);
});

test('a written instant is read back as the same second (SAML Core 1.3.3)', () => {
  fc.assert(
    fc.property(milliseconds, (instant) => {
      expect(parseInstant(formatInstant(instant))).toBe(Math.floor(instant / 1000) * 1000);
    }),
  );
});

test.each([
  ['2026-03-01T08:30:00Z', Date.UTC(2026, 2, 1, 8, 30)],
  ['2026-03-01T08:30:00.5Z', Date.UTC(2026, 2, 1, 8, 30, 0, 500)],
  ['2026-03-01T08:30:00.123456789Z', Date.UTC(2026, 2, 1, 8, 30, 0, 123)],
  ['2028-02-29T23:59:59Z', Date.UTC(2028, 1, 29, 23, 59, 59)],
])('%s is read', { meta: { holds: ['IDP-020'], source: 'SAML Core 1.3.3' } }, (text, expected) => {
  expect(parseInstant(text)).toBe(expected);
});

test.each([
  '',
  '2026-03-01T08:30:00',
  '2026-03-01T08:30:00+00:00',
  '2026-03-01T09:30:00+01:00',
  '2026-03-01T08:30:00z',
  '2026-03-01 08:30:00Z',
  ' 2026-03-01T08:30:00Z',
  '2026-03-01T08:30:00Z\n',
  '2026-03-01T08:30Z',
  '2026-03-01T08:30:00.Z',
  '2026-02-30T08:30:00Z',
  '2027-02-29T08:30:00Z',
  '2026-13-01T08:30:00Z',
  '2026-03-01T24:00:00Z',
  '2026-03-01T08:60:00Z',
  '2026-06-30T23:59:60Z',
  '20260301T083000Z',
  '12026-03-01T08:30:00Z',
  '-2026-03-01T08:30:00Z',
  '1772353800',
  'now',
])('%j is not a UTC time', { meta: { holds: ['IDP-020'], source: 'SAML Core 1.3.3' } }, (text) => {
  expect(parseInstant(text)).toBeUndefined();
});
