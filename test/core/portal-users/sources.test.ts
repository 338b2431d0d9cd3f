import { expect, test } from 'vitest';
import { nameIdOf } from '../../../src/core/billers/name-id.ts';
import { listUsers, updateUser } from '../../../src/core/portal-users/store.ts';
import { findVouchedUser, putVouchedUsers, type VouchedChange } from '../../../src/core/portal-users/vouched.ts';
import { sessionCookie } from '../../../src/endpoints/session-cookie.ts';
import { createBrowserLike, errorCodeOf, requirePosted, statusOf, textOf } from '../../support/browser/browser-like.ts';
import type { RequestParts } from '../../support/saml/authn-request.ts';
import { EMAIL, PASSWORD, useStage } from '../../support/stage.ts';

const CLASSES = 'urn:oasis:names:tc:SAML:2.0:ac:classes:';
const stage = useStage();
const services = () => stage.installation.services;
const riverton = () => services().billers.bySlug('riverton');

async function put(externalId: string, email: string, numbers: readonly string[], biller = 'riverton') {
  const { id: billerId } = await services().billers.bySlug(biller);
  const accounts = numbers.map((number) => ({ number, role: 'owner' }));
  const [change] = await services().database.transaction((transaction) =>
    putVouchedUsers(transaction, { billerId, source: 'portal' }, [{ externalId, email, accounts }]),
  );
  return change as VouchedChange;
}

/** A browser with a session by the portal's word. */
async function vouched(externalId: string, email = EMAIL, numbers: readonly string[] = ['901Invoice']) {
  const biller = await riverton();
  const { userId: id } = await put(externalId, email, numbers);
  const session = await services().database.transaction((transaction) =>
    services().sessions.start(transaction, biller, { id, passwordHash: null, emailKey: null }, undefined),
  );
  return createBrowserLike(stage.installation.server, new Map([[sessionCookie(biller), session ?? '']]));
}

const signOn = async (browser: Awaited<ReturnType<typeof vouched>>, parts?: RequestParts) =>
  requirePosted(await stage.bring(browser, parts));
const requesting = (comparison: string, ...names: string[]): RequestParts => ({
  inside: `<samlp:RequestedAuthnContext Comparison="${comparison}">${names
    .map((name) => `<saml:AuthnContextClassRef>${CLASSES}${name}</saml:AuthnContextClassRef>`)
    .join('')}</samlp:RequestedAuthnContext>`,
});

test('the same email from the directory and from the portal is two people, each with their own accounts', async () => {
  const [byPassword, byPortal] = [await signOn(await stage.signedIn()), await signOn(await vouched('p-1'))];
  expect([byPassword, byPortal].map(({ root }) => textOf(root, 'NameID'))).toEqual([EMAIL, EMAIL]);
  expect(byPassword.xml).toContain('101Invoice');
  expect(byPortal.xml).toContain('901Invoice');
  expect(byPortal.xml).not.toContain('101Invoice');
  const users = await listUsers(services().database.db, (await riverton()).id, {}, 100);
  const [one, other] = users.filter(({ email }) => email === EMAIL);
  expect([one, other]).toMatchObject([
    { source: 'directory', externalId: null },
    { source: 'portal', externalId: 'p-1' },
  ]);
});

test('the portal’s person has no password: no sign-in finds them by their email', async () => {
  await vouched('p-2', 'only-portal@example.com');
  const answer = await stage
    .stranger()
    .post('/login/riverton', { email: 'only-portal@example.com', password: PASSWORD });
  expect(answer.statusCode).toBe(401);
  await stage.installation.addUser('riverton', 'only-portal@example.com', PASSWORD, ['102Invoice']);
  const posted = await signOn(await stage.signedIn('riverton', 'only-portal@example.com'));
  expect(posted.xml).toContain('102Invoice');
});

test('a persistent NameID stays when the portal says another email, and is another one for another person', async () => {
  const biller = await riverton();
  const nameId = async (externalId: string, email: string) => {
    const { userId } = await put(externalId, email, ['1']);
    return nameIdOf(biller, { id: userId, email }, 'persistent').nameId;
  };
  const before = await nameId('p-3', 'before@example.com');
  expect(await nameId('p-3', 'after@example.com')).toBe(before);
  expect(await nameId('P-3', 'after@example.com')).not.toBe(before);
});

test('what the portal says replaces what it said before, and a session follows at once', async () => {
  const browser = await vouched('p-4', 'first@example.com', ['1', '2']);
  expect(await put('p-4', 'first@example.com', ['1', '2'])).toMatchObject({ kind: 'none', changed: [] });
  expect(await put('p-4', 'second@example.com', ['3'])).toMatchObject({
    kind: 'updated',
    changed: ['email', 'accounts'],
  });
  const { xml } = await signOn(browser);
  expect(xml).toContain('second@example.com');
  expect(xml).toMatch(/>3</);
});

test('the same ID at another biller is another person', async () => {
  await stage.addBiller('lakeside');
  const [here, there] = [await put('p-5', EMAIL, ['1']), await put('p-5', EMAIL, ['2'], 'lakeside')];
  expect(there).toMatchObject({ kind: 'added' });
  expect(there.userId).not.toBe(here.userId);
  const billerId = (await riverton()).id;
  const found = await findVouchedUser(services().database.db, { billerId, source: 'portal' }, 'p-5');
  expect(found?.id).toBe(here.userId);
});

test('many at once who add the same person add one', async () => {
  const all = await Promise.all(Array.from({ length: 5 }, () => put('p-6', EMAIL, ['1'])));
  expect(new Set(all.map(({ userId }) => userId)).size).toBe(1);
  expect(all.filter(({ kind }) => kind === 'added')).toHaveLength(1);
});

test('the assertion says how the person is known: by password, or unspecified by the portal’s word', async () => {
  const classOf = async (browser: Awaited<ReturnType<typeof vouched>>) =>
    textOf((await signOn(browser)).root, 'AuthnContextClassRef')?.replace(CLASSES, '');
  expect(await classOf(await stage.signedIn())).toBe('PasswordProtectedTransport');
  expect((await stage.audited('assertion.issued')).details).toMatchObject({ beganBy: 'password' });
  expect(await classOf(await vouched('p-7'))).toBe('unspecified');
  expect((await stage.audited('assertion.issued')).details).toMatchObject({ beganBy: 'portal' });
});

test.each([
  ['exact', ['PasswordProtectedTransport', 'unspecified'], 'unspecified'],
  ['minimum', ['unspecified'], 'unspecified'],
  ['maximum', ['Password'], 'unspecified'],
  ['maximum', ['unspecified'], 'unspecified'],
])('a session by the portal’s word meets %s %s with %s', async (comparison, names, met) => {
  const { root } = await signOn(await vouched('p-8'), requesting(comparison, ...names));
  expect(textOf(root, 'AuthnContextClassRef')).toBe(CLASSES + met);
});

test.each([
  ['exact', ['PasswordProtectedTransport']],
  ['exact', ['Password']],
  ['minimum', ['Password']],
  ['better', ['unspecified']],
])('a session by the portal’s word does not meet %s %s, which a password does', async (comparison, names) => {
  const parts = requesting(comparison, ...names);
  expect(statusOf(await signOn(await vouched('p-9'), parts))).toEqual(['Responder', 'NoAuthnContext']);
  expect(statusOf(await signOn(await stage.signedIn(), parts))).toEqual(['Success']);
});

test('ForceAuthn can’t be met by the portal’s word, and nobody is sent to a password that does not exist', async () => {
  const browser = await vouched('p-10');
  for (const attributes of [{ ForceAuthn: 'true' }, { ForceAuthn: 'true', IsPassive: 'true' }]) {
    expect(statusOf(await signOn(browser, { attributes }))).toEqual(['Responder', 'AuthnFailed']);
  }
  expect((await stage.audited('sign_on.refused')).details).toMatchObject({ code: 'reauthentication_impossible' });
});

test('operators see who vouches for a person and how a session began, and end sessions by email', async () => {
  const email = 'both@example.com';
  await stage.installation.addUser('riverton', email, PASSWORD, ['103Invoice']);
  const [byPassword, byPortal] = [await stage.signedIn('riverton', email), await vouched('p-11', 'Both@example.com')];
  const who = { biller: 'riverton', email };
  const listed = (await stage.installation.operate('session.list', who)) as { source: string }[];
  expect(listed.toSorted((a, b) => a.source.localeCompare(b.source))).toMatchObject([
    { source: 'directory', externalId: null, beganBy: 'password' },
    { source: 'portal', externalId: 'p-11', beganBy: 'portal' },
  ]);
  expect(await stage.installation.operate('session.end', who)).toEqual({ ended: 2 });
  for (const browser of [byPassword, byPortal]) {
    expect((await stage.bring(browser)).headers.location).toMatch(/^\/login/);
  }
});

test('a command for users of the directory says so when the portal vouches for the person', async () => {
  await put('p-13', 'portals@example.com', ['1']);
  for (const [name, input] of [
    ['update', { disabled: true }],
    ['reset-password', {}],
  ] as const) {
    const attempt = stage.installation.operate(`user.${name}`, {
      biller: 'riverton',
      email: 'Portals@example.com',
      ...input,
    });
    await expect(attempt).rejects.toMatchObject({
      code: 'user_not_found',
      message: expect.stringContaining('the portal says'),
    });
  }
});

test('a session is not begun for a person who was disabled', async () => {
  const { userId } = await put('p-12', EMAIL, ['1']);
  await services().database.transaction((transaction) =>
    updateUser(transaction, userId, { disabled: true }, undefined),
  );
  const browser = await vouched('p-12', EMAIL, ['1']);
  expect(errorCodeOf(await stage.bring(browser))).toBeUndefined();
  expect((await stage.bring(browser)).headers.location).toMatch(/^\/login/);
});
