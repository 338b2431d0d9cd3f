import { beforeEach, expect, test } from 'vitest';
import { type BrowserLike, requirePosted, textOf } from '../../../support/browser/browser-like.ts';
import { PASSWORD, useStage } from '../../../support/stage.ts';

const stage = useStage({ users: {}, billerInput: { settings: { nameIdFormat: 'persistent' } } });

/** Every test has a portal user of its own. */
let email = '';
let users = 0;
beforeEach(async () => {
  users += 1;
  email = `user-${users}@example.com`;
  await stage.installation.addUser('riverton', email, PASSWORD, ['1']);
});

const change = (newEmail: string, more: object = {}) =>
  stage.installation.operate('user.update', { biller: 'riverton', email, newEmail, ...more }) as Promise<{
    id: string;
    email: string;
  }>;
const list = (filter: object) =>
  stage.installation.operate('audit.list', filter) as Promise<{ event: string; userId: string; details: object }[]>;

async function signOn(browser: BrowserLike) {
  const { root, xml } = requirePosted(await browser.follow(await stage.bring(browser)));
  return { nameId: textOf(root, 'NameID'), xml };
}

test('a new email address keeps the portal user, and so the persistent NameID; the claim has the new one', async () => {
  const before = await signOn(await stage.signedIn('riverton', email));
  const changed = await change('New.Name@example.com');
  expect(changed.email).toBe('New.Name@example.com');
  const after = await signOn(await stage.signedIn('riverton', 'new.name@example.com'));
  expect(after.nameId).toBe(before.nameId);
  expect(before.xml).toContain(`>${email}<`);
  expect(after.xml).toContain('>New.Name@example.com<');
  expect(after.xml).not.toContain(email);
});

test('the old address no longer signs in, and the sessions begun with it are over', async () => {
  const browser = await stage.signedIn('riverton', email);
  await change(`new-${email}`);
  expect((await browser.get('/login/riverton')).body).not.toContain('Sign out');
  const { statusCode } = await stage.stranger().post('/login/riverton', { email, password: PASSWORD });
  expect(statusCode).toBe(401);
});

test('an address that another portal user of the biller has is refused, in any case, and at the same instant', async () => {
  await stage.installation.addUser('riverton', `other-${users}@example.com`, PASSWORD, ['2']);
  const taken = { code: 'user_exists' };
  await expect(change(`OTHER-${users}@Example.com`)).rejects.toMatchObject(taken);
  await stage.addBiller('elsewhere', {});
  await stage.installation.addUser('elsewhere', `free-${users}@example.com`, PASSWORD, ['3']);
  const wanted = `free-${users}@example.com`;
  const both = await Promise.allSettled([
    change(wanted),
    stage.installation.operate('user.add', { biller: 'riverton', email: wanted, password: PASSWORD, accounts: [] }),
  ]);
  const [refused] = both.filter(({ status }) => status === 'rejected');
  expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(refused).toMatchObject({ reason: taken });
});

test('another spelling of the same address is accepted', async () => {
  expect((await change(email.toUpperCase())).email).toBe(email.toUpperCase());
});

test.each(['', 'no address', 'a@b@c', 'x@y z', `${'a'.repeat(250)}@x.org`])('"%s" is refused', async (newEmail) => {
  await expect(change(newEmail)).rejects.toMatchObject({ field: 'newEmail' });
});

test('the audit finds the change by both addresses, and has neither', async () => {
  const { id } = await change(`new-${email}`, { disabled: false });
  const byOld = await list({ email, event: 'user.updated' });
  expect(byOld).toMatchObject([{ userId: id, details: { actor: 'test', changed: ['email', 'disabled'] } }]);
  const byNew = await list({ email: `new-${email}` });
  expect(byNew).toMatchObject([{ event: 'user.email_changed', userId: id, details: { actor: 'test' } }]);
  const previous = stage.installation.services.keyedHash.email(email);
  expect(byNew[0]?.details).toEqual({ actor: 'test', previous });
  expect(JSON.stringify([byOld, byNew])).not.toContain('example.com');
});

test('a browser that was known stays known, and attempts on the new address begin afresh', async () => {
  const known = await stage.signedIn('riverton', email);
  const guess = (browser: BrowserLike, address: string, password = 'wrong') =>
    browser.post('/login/riverton', { email: address, password });
  const newEmail = `new-${email}`;
  for (let turn = 0; turn < 11; turn += 1) await guess(stage.stranger(), email);
  await change(newEmail);
  expect((await guess(stage.stranger(), newEmail)).statusCode).toBe(401);
  for (let turn = 0; turn < 10; turn += 1) await guess(stage.stranger(), newEmail);
  expect((await guess(stage.stranger(), newEmail, PASSWORD)).statusCode).toBe(429);
  expect((await guess(known, newEmail, PASSWORD)).statusCode).toBe(303);
});
