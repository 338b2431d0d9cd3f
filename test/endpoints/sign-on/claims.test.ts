import { expect, test } from 'vitest';
import { elementsNamed, requirePosted } from '../../support/browser/browser-like.ts';
import { EMAIL, PASSWORD, useStage } from '../../support/stage.ts';

const stage = useStage();
const BASIC = 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic';
const URI = 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri';

async function claimsAt(biller: string, email = EMAIL) {
  const { root } = requirePosted(await stage.bring(await stage.signedIn(biller, email), {}, undefined, biller));
  return elementsNamed(root, 'Attribute').map(({ attributes, children }) => ({
    ...Object.fromEntries(attributes),
    values: children.map(({ text }) => text),
  }));
}

test('claims have exact names, formats and friendly names, constants and multiple values, in order', {
  meta: { holds: ['IDP-049'], source: 'SAML Core 2.7.3.1' },
}, async () => {
  await stage.addBiller('claims', {
    settings: {
      emailClaim: { name: 'urn:oid:0.9.2342.19200300.100.1.3', nameFormat: 'uri', friendlyName: 'mail' },
      accountNumberClaim: null,
      constantClaims: [{ name: 'Tenant', nameFormat: 'basic', values: ['riverton', 'north'] }],
    },
  });
  expect(await claimsAt('claims')).toEqual([
    { FriendlyName: 'mail', Name: 'urn:oid:0.9.2342.19200300.100.1.3', NameFormat: URI, values: [EMAIL] },
    { Name: 'LoginType', NameFormat: BASIC, values: ['5'] },
    { Name: 'Tenant', NameFormat: BASIC, values: ['riverton', 'north'] },
  ]);
});

test('puts all accounts into one claim without asking for one', {
  meta: { holds: ['IDP-049'], source: 'project rule' },
}, async () => {
  await stage.addBiller('all', { settings: { accounts: 'all', loginTypes: { owner: 1 } } });
  await stage.installation.addUser('all', 'kim@example.com', PASSWORD, ['1:co-owner', '2:owner']);
  expect(await claimsAt('all', 'kim@example.com')).toEqual([
    { Name: 'Email', NameFormat: BASIC, values: ['kim@example.com'] },
    { Name: 'LoginType', NameFormat: BASIC, values: ['5'] },
    { Name: 'AccountNumber', NameFormat: BASIC, values: ['1', '2'] },
  ]);
});

test('refuses a setting that gives a claim twice', {
  meta: { holds: ['IDP-049'], source: 'project rule' },
}, async () => {
  const settings = { constantClaims: [{ name: 'Email', nameFormat: 'basic', values: ['x'] }] };
  await expect(stage.addBiller('twice', { settings })).rejects.toThrow('The claim "Email" is given twice.');
});

test('a portal user without an account gets an error page before anything is signed', {
  meta: { holds: ['IDP-051'], source: 'project rule' },
}, async () => {
  await stage.installation.addUser('riverton', 'new@example.com', PASSWORD, []);
  const page = await stage.bring(await stage.signedIn('riverton', 'new@example.com'));
  expect(page.statusCode).toBe(403);
  expect(page.body).not.toContain('SAMLResponse');
});
