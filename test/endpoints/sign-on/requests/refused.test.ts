import { beforeAll, expect, test } from 'vitest';
import { type BrowserLike, errorCodeOf, postedBy, referenceOf } from '../../../support/browser/browser-like.ts';
import type { Held } from '../../../support/held.ts';
import { TEST_ACS } from '../../../support/installation.ts';
import { authnRequest, type RequestParts, redirectQuery } from '../../../support/saml/authn-request.ts';
import { useStage } from '../../../support/stage.ts';

const stage = useStage();
let signedIn: BrowserLike;
beforeAll(async () => {
  signedIn = await stage.signedIn();
});
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

const pages: [string, Held, RequestParts, string][] = [
  [
    'Issuer missing',
    { meta: { holds: ['IDP-021'], source: 'SAML Profiles 4.1.4.1' } },
    { issuer: null },
    'issuer_unknown',
  ],
  [
    'Issuer unknown',
    { meta: { holds: ['IDP-021'], source: 'SAML Profiles 4.1.4.1' } },
    { issuer: 'https://other.example' },
    'issuer_unknown',
  ],
  [
    'Issuer in different case',
    { meta: { holds: ['IDP-012'], source: 'SAML Core 8.3.6' } },
    { issuer: 'https://SP.example/metadata' },
    'issuer_unknown',
  ],
  [
    'Issuer with a space inside',
    { meta: { holds: ['IDP-012'], source: 'SAML Core 8.3.6' } },
    { issuer: 'https://sp.example/ metadata' },
    'issuer_unknown',
  ],
  [
    'no ID',
    { meta: { holds: ['IDP-019'], source: 'SAML Core 3.2.1' } },
    { attributes: { ID: null } },
    'request_id_invalid',
  ],
  [
    'an ID that is not an NCName',
    { meta: { holds: ['IDP-019'], source: 'SAML Core 1.3.4' } },
    { attributes: { ID: '1a' } },
    'request_id_invalid',
  ],
  [
    'no IssueInstant',
    { meta: { holds: ['IDP-020'], source: 'SAML Core 3.2.1' } },
    { attributes: { IssueInstant: null } },
    'issue_instant_invalid',
  ],
  [
    'not in UTC',
    { meta: { holds: ['IDP-020'], source: 'SAML Core 1.3.3' } },
    { attributes: { IssueInstant: '2026-01-01T00:00:00+01:00' } },
    'issue_instant_invalid',
  ],
  [
    'too old',
    { meta: { holds: ['IDP-020'], source: 'SAML Core 3.2.1' } },
    { attributes: { IssueInstant: ago(600) } },
    'request_stale',
  ],
  [
    'in the future',
    { meta: { holds: ['IDP-020'], source: 'SAML Core 3.2.1' } },
    { attributes: { IssueInstant: ago(-600) } },
    'request_stale',
  ],
  [
    'an ACS that is not registered',
    { meta: { holds: ['IDP-023'], source: 'project rule' } },
    { attributes: { AssertionConsumerServiceURL: 'https://evil.example/' } },
    'acs_unknown',
  ],
  [
    'javascript: as the ACS',
    { meta: { holds: ['IDP-023'], source: 'project rule' } },
    { attributes: { AssertionConsumerServiceURL: 'javascript:alert(1)' } },
    'acs_unknown',
  ],
  [
    'an ACS with one extra letter',
    { meta: { holds: ['IDP-023'], source: 'project rule' } },
    { attributes: { AssertionConsumerServiceURL: `${TEST_ACS}/` } },
    'acs_unknown',
  ],
  [
    'an index that is not registered',
    { meta: { holds: ['IDP-023'], source: 'project rule' } },
    { attributes: { AssertionConsumerServiceIndex: '9' } },
    'acs_unknown',
  ],
  [
    'an index that is not a number',
    { meta: { holds: ['IDP-023'], source: 'project rule' } },
    { attributes: { AssertionConsumerServiceIndex: '' } },
    'acs_unknown',
  ],
  [
    'both an ACS and an index',
    { meta: { holds: ['IDP-023'], source: 'SAML Core 3.4.1' } },
    { attributes: { AssertionConsumerServiceURL: TEST_ACS, AssertionConsumerServiceIndex: '0' } },
    'acs_unknown',
  ],
  [
    'RelayState over the limit',
    { meta: { holds: ['IDP-025'], source: 'SAML Bindings 3.4.3' } },
    {},
    'relay_state_invalid',
  ],
];

for (const [title, held, parts, code] of pages) {
  test(`${title}: a page, and nothing is posted`, held, async () => {
    const relayState = title.startsWith('RelayState') ? 'x'.repeat(1025) : undefined;
    for (const [browser, bring] of [
      [stage.stranger(), stage.bring],
      [signedIn, stage.bring],
      [signedIn, stage.bringByPost],
    ] as const) {
      const page = await bring(browser, parts, relayState);
      expect(page.statusCode).toBe(400);
      expect(errorCodeOf(page)).toBe(code);
      expect(postedBy(page)).toBeUndefined();
      // Neither an address of the Service Provider nor one from the request.
      expect(page.body).not.toMatch(/<form|sp\.example|evil\.example|javascript:/);
      expect(page.headers.location).toBeUndefined();
      const event = await stage.audited('sign_on.refused');
      expect(event).toMatchObject({ reference: referenceOf(page), details: { code, answered: 'page' } });
    }
  });
}

test('refuses another biller’s Service Provider and an unknown biller', {
  meta: { holds: ['IDP-021'], source: 'project rule' },
}, async () => {
  await stage.addBiller('other', { entityId: 'https://other-sp.example', acs: ['https://other-sp.example/acs'] });
  const page = await stage.bring(signedIn, { issuer: 'https://other-sp.example' });
  expect([page.statusCode, errorCodeOf(page)]).toEqual([400, 'issuer_unknown']);
  const nowhere = await stage.bring(stage.stranger(), {}, undefined, 'nowhere');
  expect([nowhere.statusCode, errorCodeOf(nowhere)]).toEqual([404, 'biller_unknown']);
});

test('a parameter twice', { meta: { holds: ['IDP-025'], source: 'project rule' } }, async () => {
  const query = redirectQuery(authnRequest(), 'a');
  for (const twice of ['RelayState=b', 'RelayState=a', query.split('&')[0]]) {
    const page = await stage.stranger().get(`/saml/riverton/sso?${query}&${twice}`);
    expect([page.statusCode, errorCodeOf(page)]).toEqual([400, 'parameter_invalid']);
  }
});
