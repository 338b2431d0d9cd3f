import { expect, test } from 'vitest';
import { errorCodeOf } from '../support/browser/browser-like.ts';
import { authnRequest, redirectQuery } from '../support/saml/authn-request.ts';
import { PASSWORD, useStage } from '../support/stage.ts';

const stage = useStage({ trustProxy: '1' });

const signOn = (cookie: string) =>
  stage.installation.server.inject({ url: `/saml/riverton/sso?${redirectQuery(authnRequest())}`, headers: { cookie } });

test.each(['é', '(', ' [', '@', '', 'a'.repeat(17), '__proto__'])(
  'cookies with names that start like a flow’s and continue with %j',
  { meta: { holds: ['IDP-100'], source: 'project rule' } },
  async (name) => {
    const many = Array.from({ length: 12 }, (_, number) => `__Host-flow-${name}${number}=x`);
    const { statusCode, cookies } = await signOn(many.join('; '));
    expect(statusCode).toBe(303);
    expect(cookies.map(({ value }) => value)).toEqual([expect.stringMatching(/^[\w-]{43}$/)]);
  },
);

test('a browser keeps eight unfinished flows; cookies of the others are dropped', {
  meta: { holds: ['IDP-065'], source: 'project rule' },
}, async () => {
  const browser = stage.stranger();
  for (let turn = 0; turn < 12; turn += 1) await browser.get(`/saml/riverton/sso?${redirectQuery(authnRequest())}`);
  expect(browser.cookies.size).toBe(8);
});

test.each(['pat@example.com\0', '\0', 'pat\0@example.com', 'pat@example.com\n', '\uFFFF@example.com'])(
  'the email %j matches no one, and is not an error',
  { meta: { holds: ['IDP-100'], source: 'project rule' } },
  async (email) => {
    const headers = { 'x-forwarded-for': '203.0.113.1' };
    const answer = await stage.stranger().post('/login/riverton', { email, password: PASSWORD }, headers);
    // White space that browsers add around an email is ignored; anything else makes it a different email.
    expect(answer.statusCode).toBe(email === 'pat@example.com\n' ? 303 : 401);
  },
);

test.each(['x'.repeat(9_000), '1'.repeat(3_000), 'unknown', '203.0.113.9:8080', "'; drop table sessions; --"])(
  'an X-Forwarded-For that is not an address counts as one unknown client',
  { meta: { holds: ['IDP-100'], source: 'project rule' } },
  async (address) => {
    // All different, so that compression can't make them fit into an index.
    const noise = Array.from({ length: 1_500 }, () => Math.random().toString(36).slice(2)).join('');
    for (const client of [address, `${address}${noise}`.slice(0, 12_000)]) {
      const headers = { 'x-forwarded-for': client };
      const form = { email: 'pat@example.com', password: PASSWORD };
      const answer = await stage.stranger().post('/login/riverton', form, headers);
      expect(answer.statusCode).toBe(303);
    }
  },
);

test('a request that never completes does not hold its connection forever', {
  meta: { holds: ['IDP-100'], source: 'project rule' },
}, () => {
  const { requestTimeout, headersTimeout } = stage.installation.server.server;
  expect(requestTimeout).toBeGreaterThan(0);
  expect(requestTimeout).toBeLessThanOrEqual(60_000);
  expect(headersTimeout).toBeGreaterThan(0);
});

test('a malformed path gets a page with a code', {
  meta: { holds: ['IDP-100'], source: 'project rule' },
}, async () => {
  for (const path of [
    '/saml/%00/sso',
    '/saml/%zz/sso',
    '/saml/riverton%2Fsso',
    '/login/..%2f',
    '/launch/riverton/%F0',
  ]) {
    const answer = await stage.installation.server.inject({ url: path });
    expect([path, answer.statusCode >= 400 && answer.statusCode < 500, errorCodeOf(answer)]).not.toContain(undefined);
    expect(answer.statusCode).toBeLessThan(500);
  }
});
