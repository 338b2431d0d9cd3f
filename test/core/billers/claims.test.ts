import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { claimsOf } from '../../../src/core/billers/claims.ts';
import { billerSettingsSchema } from '../../../src/core/billers/settings.ts';
import type { IdpError } from '../../../src/platform/errors/idp-error.ts';
import { isWritable } from '../../../src/protocols/saml/writing/escape.ts';
import { thrownBy } from '../../support/thrown.ts';

const BASIC = 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic';
const settings = (given: Record<string, unknown> = {}) => billerSettingsSchema.parse(given);
const ACCOUNT = { number: '101Invoice', role: 'tenant' };

test('by default, the claims are Email, LoginType and AccountNumber, in this order', {
  meta: { holds: ['IDP-049'], source: 'project rule' },
}, () => {
  expect(claimsOf(settings(), 'pat@example.com', ACCOUNT)).toEqual([
    { name: 'Email', nameFormat: BASIC, values: ['pat@example.com'] },
    { name: 'LoginType', nameFormat: BASIC, values: ['5'] },
    { name: 'AccountNumber', nameFormat: BASIC, values: ['101Invoice'] },
  ]);
});

test('the biller sets names, formats and friendly names; fixed claims come last, in order', {
  meta: { holds: ['IDP-049'], source: 'SAML Core 2.7.3.1' },
}, () => {
  const given = settings({
    emailClaim: { name: 'urn:oid:0.9.2342.19200300.100.1.3', nameFormat: 'uri', friendlyName: 'mail' },
    loginTypeClaim: { name: 'type', nameFormat: 'unspecified' },
    constantClaims: [
      { name: 'Portal', nameFormat: 'basic', values: ['Riverton'] },
      { name: 'Products', nameFormat: 'basic', values: ['water', 'sewer'] },
    ],
  });
  expect(claimsOf(given, 'pat@example.com', ACCOUNT)).toEqual([
    {
      name: 'urn:oid:0.9.2342.19200300.100.1.3',
      nameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
      friendlyName: 'mail',
      values: ['pat@example.com'],
    },
    { name: 'type', nameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified', values: ['5'] },
    { name: 'AccountNumber', nameFormat: BASIC, values: ['101Invoice'] },
    { name: 'Portal', nameFormat: BASIC, values: ['Riverton'] },
    { name: 'Products', nameFormat: BASIC, values: ['water', 'sewer'] },
  ]);
});

test('a biller may do without the account number: nothing is sent that is not configured', {
  meta: { holds: ['IDP-049'], source: 'project rule' },
}, () => {
  expect(claimsOf(settings({ accountNumberClaim: null }), 'pat@example.com', ACCOUNT).map(({ name }) => name)).toEqual([
    'Email',
    'LoginType',
  ]);
});

describe('the account number', () => {
  const all = [ACCOUNT, { number: '102', role: 'owner' }];

  test('is the chosen account’s, unless the biller wants all of them', {
    meta: { holds: ['IDP-049'], source: 'project rule' },
  }, () => {
    expect(claimsOf(settings(), 'p@x', ACCOUNT, all)[2]?.values).toEqual(['101Invoice']);
    expect(claimsOf(settings({ accounts: 'all' }), 'p@x', ACCOUNT, all)[2]?.values).toEqual(['101Invoice', '102']);
  });

  test('the login type follows from the role on the chosen account, even if all accounts are sent', {
    meta: { holds: ['IDP-049'], source: 'project rule' },
  }, () => {
    const given = settings({ accounts: 'all', loginTypes: { owner: 1 }, defaultLoginType: 8 });
    expect(claimsOf(given, 'p@x', ACCOUNT, all)[1]?.values).toEqual(['8']);
    expect(claimsOf(given, 'p@x', { number: '102', role: 'owner' }, all)[1]?.values).toEqual(['1']);
  });
});

function refused(attempt: () => unknown): IdpError {
  const error = thrownBy(attempt);
  if (error === undefined) throw new Error('it was not refused');
  return error;
}

describe('before anything is signed', () => {
  test('a claim without a value is an error that names the claim', {
    meta: { holds: ['IDP-051'], source: 'project rule' },
  }, () => {
    const email = refused(() => claimsOf(settings({ emailClaim: { name: 'Mail', nameFormat: 'basic' } }), '', ACCOUNT));
    expect(email.code).toBe('claim_missing');
    expect(email.sentence).toBe('Invoice Cloud requires “Mail”, but we have no value for you.');
    const number = refused(() => claimsOf(settings(), 'p@x', { number: '', role: 'owner' }));
    expect(number.code).toBe('claim_missing');
    const one = refused(() =>
      claimsOf(settings({ accounts: 'all' }), 'p@x', ACCOUNT, [ACCOUNT, { number: '', role: '' }]),
    );
    expect(one.code).toBe('claim_missing');
  });

  test.each(['a\u0000b', 'a\u001Bb', '\uD800', '\uFFFE'])(
    'a value that XML can’t represent, %j, is an error that does not repeat it',
    { meta: { holds: ['IDP-050', 'IDP-051'], source: 'XML 1.0, 2.2' } },
    (value) => {
      const error = refused(() => claimsOf(settings(), value, ACCOUNT));
      expect(error.code).toBe('claim_invalid');
      expect(error.sentence).toContain('“Email”');
      expect(error.sentence + error.detail).not.toContain(value);
    },
  );
});

test('claims have no empty values or duplicate names, and values are unchanged', {
  meta: { holds: ['IDP-049', 'IDP-050'], source: 'project rule' },
}, () => {
  const value = fc.string({ unit: 'binary', minLength: 1 }).filter(isWritable);
  fc.assert(
    fc.property(value, value, (email, number) => {
      const claims = claimsOf(settings(), email, { number, role: 'owner' });
      expect(claims.map(({ values }) => values)).toEqual([[email], ['5'], [number]]);
      expect(new Set(claims.map(({ name }) => name)).size).toBe(3);
    }),
    { seed: 49 },
  );
});
