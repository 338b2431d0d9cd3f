import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildRedirectLink,
  isAccountNumber,
  isBillerGuid,
  isLinkBase,
  type RedirectLink,
  RedirectLinkError,
} from '../../../src/protocols/invoice-cloud/redirect-link.ts';

const GUID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const link = (overrides: Partial<RedirectLink> = {}) =>
  buildRedirectLink({
    base: 'https://sso.invoicecloud.com',
    billerGuid: GUID,
    account: '101Invoice',
    viewMode: 0,
    destination: 13,
    ...overrides,
  });

test('a redirect link has the host, path, and parameter order that Invoice Cloud specifies', {
  meta: { holds: ['IDP-069'], source: 'Invoice Cloud redirect link' },
}, () => {
  expect(link()).toBe(`https://sso.invoicecloud.com/saml/${GUID}?account=101Invoice&ViewMode=0&DeepLinkID=13`);
  expect(link({ viewMode: 1, destination: 2, base: 'http://localhost:4000' })).toBe(
    `http://localhost:4000/saml/${GUID}?account=101Invoice&ViewMode=1&DeepLinkID=2`,
  );
});

test.each([
  ['10 1', '10%201'],
  ['1+1', '1%2B1'],
  ['1&ViewMode=1', '1%26ViewMode%3D1'],
  ['1#2', '1%232'],
  ['1/2?3', '1%2F2%3F3'],
  ['100%', '100%25'],
  ['%31', '%2531'],
  ['Nº1-水', 'N%C2%BA1-%E6%B0%B4'],
  ['a.b_c~d-e', 'a.b_c~d-e'],
])('the account %j is written %s', { meta: { holds: ['IDP-069'], source: 'RFC 3986, 2.1' } }, (account, written) => {
  expect(link({ account })).toBe(
    `https://sso.invoicecloud.com/saml/${GUID}?account=${written}&ViewMode=0&DeepLinkID=13`,
  );
});

test('any account number is read back unchanged, with nothing added', {
  meta: { holds: ['IDP-069'], source: 'RFC 3986, 3.4' },
}, () => {
  const account = fc.string({ unit: 'binary', minLength: 1, maxLength: 50 }).filter(isAccountNumber);
  fc.assert(
    fc.property(
      account,
      fc.constantFrom<0 | 1>(0, 1),
      fc.integer({ min: 1, max: 999_999_999 }),
      fc.uuid(),
      (number, viewMode, destination, billerGuid) => {
        const text = link({ account: number, viewMode, destination, billerGuid });
        // ASCII only; the only character that HTML attributes, headers or quoted shell strings must escape is &.
        expect(text).toMatch(/^[\w\-.~:/?=&%!'()*]+$/);
        const url = new URL(text);
        expect(url.href).toBe(text.replaceAll("'", '%27'));
        expect(url.origin + url.pathname).toBe(`https://sso.invoicecloud.com/saml/${billerGuid}`);
        expect(url.hash).toBe('');
        expect([...url.searchParams]).toEqual([
          ['account', number],
          ['ViewMode', String(viewMode)],
          ['DeepLinkID', String(destination)],
        ]);
      },
    ),
    { seed: 69, numRuns: 500 },
  );
});

describe('an unusable part is refused and named', {
  meta: { holds: ['IDP-069'], source: 'project rule' },
}, () => {
  test.each<[string, Partial<Record<keyof RedirectLink, unknown>>]>([
    ['BillerGUID', { billerGuid: '' }],
    ['BillerGUID', { billerGuid: '0f8fad5b-d9cb-469f-a165-70867728950' }],
    ['BillerGUID', { billerGuid: `{${GUID}}` }],
    ['BillerGUID', { billerGuid: `${GUID}/..` }],
    ['BillerGUID', { billerGuid: `${GUID}\n` }],
    ['BillerGUID', { billerGuid: GUID.replaceAll('-', '') }],
    ['ViewMode', { viewMode: 2 }],
    ['ViewMode', { viewMode: -1 }],
    ['ViewMode', { viewMode: '0' }],
    ['ViewMode', { viewMode: undefined }],
    ['DeepLinkID', { destination: 0 }],
    ['DeepLinkID', { destination: -3 }],
    ['DeepLinkID', { destination: 1.5 }],
    ['DeepLinkID', { destination: Number.NaN }],
    ['DeepLinkID', { destination: 2 ** 60 }],
    ['account', { account: '' }],
    ['account', { account: ' 1' }],
    ['account', { account: '1\n' }],
    ['account', { account: '1\u0000' }],
    ['account', { account: '1\u202E2' }],
    ['account', { account: '\uD800' }],
    ['account', { account: 'x'.repeat(101) }],
    ['base', { base: 'sso.invoicecloud.com' }],
    ['base', { base: 'https://sso.invoicecloud.com/' }],
    ['base', { base: 'https://sso.invoicecloud.com/saml' }],
    ['base', { base: 'https://SSO.invoicecloud.com' }],
    ['base', { base: 'https://sso.invoicecloud.com:443' }],
    ['base', { base: 'https://user@sso.invoicecloud.com' }],
    ['base', { base: 'https://sso.invoicecloud.com?x' }],
    ['base', { base: 'javascript:alert(1)' }],
    ['base', { base: 'ftp://sso.invoicecloud.com' }],
    ['base', { base: '' }],
  ])('%s in %j', { meta: { holds: ['IDP-069'], source: 'project rule' } }, (part, wrong) => {
    const attempt = () => link(wrong as Partial<RedirectLink>);
    expect(attempt).toThrow(RedirectLinkError);
    expect(attempt).toThrow(expect.objectContaining({ part }));
  });
});

test('the parts that operators enter are checked by the same rules', () => {
  expect([GUID, GUID.toUpperCase()].map(isBillerGuid)).toEqual([true, true]);
  expect(['101Invoice', '1', 'x'.repeat(100), 'a b'].map(isAccountNumber)).toEqual([true, true, true, true]);
  expect(['https://sso.invoicecloud.com', 'http://127.0.0.1:4000'].map(isLinkBase)).toEqual([true, true]);
});
