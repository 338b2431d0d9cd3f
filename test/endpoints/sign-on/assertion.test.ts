import { beforeAll, expect, test } from 'vitest';
import type { XmlElement } from '../../../src/protocols/saml/reading/xml.ts';
import { type BrowserLike, elementsNamed, requirePosted, textOf } from '../../support/browser/browser-like.ts';
import { TEST_ACS, TEST_SP } from '../../support/installation.ts';
import { schemaErrors } from '../../support/saml/xml-tools.ts';
import { EMAIL, PASSWORD, useStage } from '../../support/stage.ts';

const stage = useStage();
const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
const TRANSIENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
const policy = (format: string) => ({ inside: `<samlp:NameIDPolicy Format="${format}" AllowCreate="false"/>` });
let browser: BrowserLike;
beforeAll(async () => {
  const settings = { assertionLifetimeSeconds: 40, clockSkewSeconds: 7 };
  await stage.addBiller('short', { settings });
  browser = await stage.signedIn('short');
});
const signOn = async (parts = {}, from = browser, biller = 'short') =>
  requirePosted(await stage.bring(from, parts, undefined, biller));

function only(root: XmlElement, name: string): XmlElement {
  const [found, ...others] = elementsNamed(root, name);
  if (found === undefined || others.length > 0)
    throw new Error(`${name} comes ${others.length + (found ? 1 : 0)} times`);
  return found;
}
const instantOf = (element: XmlElement, name: string) => Date.parse(element.attributes.get(name) ?? '');

test('the bearer confirmation names this ACS and this request, and is short-lived', {
  meta: { holds: ['IDP-034', 'IDP-037', 'IDP-038', 'IDP-040', 'IDP-045', 'IDP-046'], source: 'SAML Profiles 4.1.4.2' },
}, async () => {
  const before = stage.now();
  const { xml, root } = await signOn({ attributes: { ID: '_asked' } });
  expect(schemaErrors(xml, 'protocol')).toBe('');
  expect(root.attributes.get('Destination')).toBe(TEST_ACS);
  const confirmation = only(only(root, 'Assertion'), 'SubjectConfirmation');
  expect(confirmation.attributes.get('Method')).toBe('urn:oasis:names:tc:SAML:2.0:cm:bearer');
  const data = only(confirmation, 'SubjectConfirmationData');
  expect(Object.fromEntries(data.attributes)).toEqual({
    InResponseTo: '_asked',
    NotOnOrAfter: expect.any(String),
    Recipient: TEST_ACS,
  });
  const conditions = only(root, 'Conditions');
  expect(only(conditions, 'Audience').text).toBe(TEST_SP);
  // Instants are whole seconds; a slow machine may need a few.
  for (const [instant, seconds] of [
    [instantOf(data, 'NotOnOrAfter'), 40],
    [instantOf(conditions, 'NotOnOrAfter'), 40],
    [instantOf(conditions, 'NotBefore'), -7],
    [instantOf(only(root, 'Assertion'), 'IssueInstant'), 0],
  ] as const) {
    expect(instant).toBeGreaterThan(before + seconds * 1000 - 1001);
    expect(instant).toBeLessThanOrEqual(stage.now() + seconds * 1000);
  }
});

test('SessionIndex is opaque and stable within a session; the context is a password over TLS', {
  meta: { holds: ['IDP-047', 'IDP-048'], source: 'SAML Core 2.7.2' },
}, async () => {
  const indexOf = async (from: BrowserLike) =>
    only((await signOn({}, from)).root, 'AuthnStatement').attributes.get('SessionIndex') ?? '';
  const [one, again, other] = [
    await indexOf(browser),
    await indexOf(browser),
    await indexOf(await stage.signedIn('short')),
  ];
  expect(one).toBe(again);
  expect(one).not.toBe(other);
  expect(one.length).toBeGreaterThanOrEqual(22);
  // It is not the secret in the cookie.
  expect(one).not.toContain(browser.cookies.get('__Host-session-short'));
  const { root } = await signOn();
  expect(textOf(root, 'AuthnContextClassRef')).toBe(
    'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
  );
});

test('a persistent NameID is opaque, stable for the person, and different elsewhere', {
  meta: { holds: ['IDP-044'], source: 'SAML Core 8.3.7' },
}, async () => {
  await stage.installation.addUser('short', 'kim@example.com', PASSWORD, ['101Invoice']);
  const nameIdOf = async (from: BrowserLike, biller = 'short') =>
    only((await signOn(policy(PERSISTENT), from, biller)).root, 'NameID');
  const mine = await nameIdOf(browser);
  expect(Object.fromEntries(mine.attributes)).toEqual({
    Format: PERSISTENT,
    NameQualifier: 'https://idp.example/saml/short/metadata',
    SPNameQualifier: TEST_SP,
  });
  expect(mine.text).toMatch(/^[\w-]{43}$/);
  expect((await nameIdOf(await stage.signedIn('short'))).text).toBe(mine.text);
  const others = [
    await nameIdOf(await stage.signedIn('short', 'kim@example.com')),
    // The same Service Provider and email address at another biller.
    await nameIdOf(await stage.signedIn(), 'riverton'),
  ];
  // The same person at the same biller, after its Service Provider was renamed.
  await stage.installation.operate('biller.update', {
    slug: 'short',
    entityId: 'https://new.example',
    acs: [TEST_ACS],
  });
  const renamed = await signOn({ ...policy(PERSISTENT), issuer: 'https://new.example' });
  others.push(only(renamed.root, 'NameID'));
  expect(new Set([mine, ...others].map(({ text }) => text)).size).toBe(4);
  await stage.installation.operate('biller.update', {
    slug: 'short',
    entityId: TEST_SP,
    acs: [TEST_ACS],
    sameServiceProvider: true,
  });
  expect((await nameIdOf(browser)).text).toBe(mine.text);
});

test('the agreed format applies unless the request names one', {
  meta: { holds: ['IDP-010', 'IDP-044'], source: 'SAML Core 3.4.1.1' },
}, async () => {
  await stage.addBiller('agreed', { settings: { nameIdFormat: 'transient' } });
  const from = await stage.signedIn('agreed');
  const nameIdOf = async (parts = {}) => only((await signOn(parts, from, 'agreed')).root, 'NameID');
  const [one, other] = [
    await nameIdOf(),
    await nameIdOf(policy('urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified')),
  ];
  expect([one.attributes.get('Format'), other.attributes.get('Format')]).toEqual([TRANSIENT, TRANSIENT]);
  expect(one.text).not.toBe(other.text);
  expect(`${one.text} ${other.text}`).not.toContain('pat@');
  const email = await nameIdOf(policy('urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'));
  expect(email.text).toBe(EMAIL);
});
