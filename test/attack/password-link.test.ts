import { pino } from 'pino';
import { beforeEach, describe, expect, inject, test } from 'vitest';
import { type BrowserLike, createBrowserLike, errorCodeOf } from '../support/browser/browser-like.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';
import { PASSWORD, useStage } from '../support/stage.ts';

const NEW = 'a new and long password';
const lines: string[] = [];
const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
const stage = useStage({ logger, users: {} });

/** Every test has a portal user of its own. */
let email = '';
let users = 0;
beforeEach(async () => {
  users += 1;
  email = `user-${users}@example.com`;
  await stage.installation.addUser('riverton', email, PASSWORD, ['1']);
});

async function makeLink(hours?: number): Promise<{ path: string; token: string; url: string }> {
  const input = { biller: 'riverton', email, ...(hours === undefined ? {} : { hours }) };
  const { url } = (await stage.installation.operate('user.reset-password', input)) as { url: string };
  const { pathname, search, searchParams } = new URL(url);
  return { url, path: `${pathname}${search}`, token: searchParams.get('link') ?? '' };
}
const setPassword = (browser: BrowserLike, token: string, password = NEW, biller = 'riverton') =>
  browser.post(`/password/${biller}`, { link: token, password });
const canSignIn = async (password: string) => {
  const { statusCode } = await stage.stranger().post('/login/riverton', { email, password });
  return statusCode === 303;
};
const update = (changes: object) =>
  stage.installation.operate('user.update', { biller: 'riverton', email, ...changes });

/** Expects that the link is refused, on its page and by its form, and that the old password stays. */
async function expectOver({ path, token }: { path: string; token: string }): Promise<void> {
  const page = await stage.stranger().get(path);
  expect([page.statusCode, errorCodeOf(page)]).toEqual([410, 'password_link_over']);
  const answer = await setPassword(stage.stranger(), token);
  expect([answer.statusCode, errorCodeOf(answer)]).toEqual([410, 'password_link_over']);
  expect(answer.cookies).toEqual([]);
}

test('a link sets a new password, ends all sessions, and leads on to the sign-in', async () => {
  const link = await makeLink();
  expect(link.url).toMatch(/^https:\/\/idp\.example\/password\/riverton\?link=[\w-]{43}$/);
  const elsewhere = await stage.signedIn('riverton', email);
  const browser = stage.stranger();
  expect((await browser.get(link.path)).body).toContain(`as <strong>${email}</strong>`);
  const answer = await setPassword(browser, link.token);
  expect([answer.statusCode, answer.headers.location]).toEqual([303, '/login/riverton?new-password']);
  expect((await browser.follow(answer)).body).toContain('Your new password is saved. Sign in with it now.');
  expect((await elsewhere.get('/login/riverton')).body).not.toContain('Sign out');
  expect([await canSignIn(PASSWORD), await canSignIn(NEW)]).toEqual([false, true]);
  const made = await stage.audited('user.password_link_made');
  expect(made.details).toMatchObject({ actor: 'test', expires: expect.stringMatching(/^\d{4}-/) });
  expect((await stage.audited('user.password_set')).details).toEqual({});
  await expectOver(link);
});

test('a link lasts for a day, or as long as the operator says, and a newer one replaces it', async () => {
  const first = await makeLink();
  const second = await makeLink(48);
  await expectOver(first);
  stage.pass(47 * 3600_000);
  expect((await stage.stranger().get(second.path)).statusCode).toBe(200);
  stage.pass(3600_000);
  await expectOver(second);
  const third = await makeLink();
  stage.pass(24 * 3600_000);
  await expectOver(third);
  await stage.installation.services.tidy();
  const { db } = stage.installation.services.database;
  const rows = await db
    .selectFrom('passwordLinks')
    .innerJoin('portalUsers', 'portalUsers.id', 'userId')
    .where('email', '=', email)
    .selectAll()
    .execute();
  expect(rows).toEqual([]);
});

test('previews, prefetches and HEAD leave the link as it is', async () => {
  const { path, token } = await makeLink();
  const { server } = stage.installation;
  for (const headers of [
    {},
    { purpose: 'prefetch', 'sec-purpose': 'prefetch;prerender' },
    { 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' },
  ]) {
    expect((await server.inject({ method: 'GET', url: path, headers })).statusCode).toBe(200);
  }
  for (const method of ['HEAD', 'OPTIONS', 'PUT', 'DELETE'] as const) {
    expect((await server.inject({ method, url: path })).statusCode).toBe(404);
  }
  expect((await setPassword(stage.stranger(), token)).statusCode).toBe(303);
});

test('a password that is too short or too long is refused, and the link still works', async () => {
  const { token } = await makeLink();
  for (const [password, words] of [
    ['seven77', 'at least 8 characters'],
    ['', 'at least 8 characters'],
    ['x'.repeat(1025), 'at most 1,024 characters'],
  ] as const) {
    const answer = await setPassword(stage.stranger(), token, password);
    expect(answer.statusCode).toBe(422);
    expect(answer.body).toContain(words);
    expect(answer.body).toContain('aria-describedby="password-error rule" aria-invalid="true"');
  }
  expect(await canSignIn(PASSWORD)).toBe(true);
  // Nothing is asked of its characters, and none is changed.
  const odd = '  ääß 漢字 💧  ';
  expect((await setPassword(stage.stranger(), token, odd)).statusCode).toBe(303);
  expect([await canSignIn(odd.trim()), await canSignIn(odd)]).toEqual([false, true]);
});

test('a guessed token, one of another biller, and anything else is no link', async () => {
  await stage.addBiller('springfield', {});
  const { token } = await makeLink();
  const guesses = [
    '',
    'x'.repeat(43),
    token.toLowerCase(),
    `${token}x`,
    token.slice(1),
    `${token}\n`,
    '../login',
    "' or ''='",
    '\0',
  ];
  for (const guess of guesses) {
    await expectOver({ path: `/password/riverton?link=${encodeURIComponent(guess)}`, token: guess });
  }
  await expectOver({ path: '/password/riverton', token: '' });
  const other = await setPassword(stage.stranger(), token, NEW, 'springfield');
  expect(errorCodeOf(other)).toBe('password_link_over');
  expect(errorCodeOf(await stage.stranger().get(`/password/springfield?link=${token}`))).toBe('password_link_over');
  expect((await setPassword(stage.stranger(), token)).statusCode).toBe(303);
});

describe('a link is worth nothing after', () => {
  test('an operator has set another password', async () => {
    const link = await makeLink();
    await update({ password: 'set by the operator' });
    await expectOver(link);
    expect(await canSignIn('set by the operator')).toBe(true);
  });

  test('the user got another email address: it may lie in the old mailbox', async () => {
    const link = await makeLink();
    await update({ newEmail: `new-${email}` });
    await expectOver(link);
  });

  test('the user was disabled, also if they are enabled again', async () => {
    const link = await makeLink();
    await update({ disabled: true });
    await expectOver(link);
    await expect(makeLink()).rejects.toMatchObject({ code: 'user_disabled' });
    await update({ disabled: false });
    await expectOver(link);
    expect(await canSignIn(PASSWORD)).toBe(true);
  });

  test('the user was disabled by version 0.2.0, which knows of no links', async () => {
    const link = await makeLink();
    const { db } = stage.installation.services.database;
    await db.updateTable('portalUsers').set({ disabled: true }).where('email', '=', email).execute();
    await expectOver(link);
  });

  test('the user was removed, also if they are added again', async () => {
    const link = await makeLink();
    await stage.installation.operate('user.remove', { biller: 'riverton', email });
    await expectOver(link);
    await stage.installation.addUser('riverton', email, PASSWORD, ['1']);
    await expectOver(link);
    expect(await canSignIn(PASSWORD)).toBe(true);
  });
});

test('the page tells nobody its address, is not kept, and can’t be framed', async () => {
  const { path } = await makeLink();
  const { headers, body } = await stage.stranger().get(path);
  expect(headers['referrer-policy']).toBe('no-referrer');
  expect(headers['cache-control']).toBe('no-store');
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  expect(body).not.toMatch(/(?:src|href)="https?:/);
});

test('neither the log, the audit nor the database has the token', async () => {
  const { path, token } = await makeLink();
  await stage.stranger().get(path);
  await setPassword(stage.stranger(), token, 'short');
  const rows = await stage.installation.services.database.db.selectFrom('passwordLinks').selectAll().execute();
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.some(({ tokenHash }) => tokenHash.equals(Buffer.from(token, 'base64url')))).toBe(false);
  await setPassword(stage.stranger(), token);
  await expectOver({ path, token });
  await stage.stranger().get(`${path}&link=twice`);
  expect(lines.some((line) => line.includes('/password/:biller'))).toBe(true);
  expect(lines.filter((line) => line.includes(token) || line.includes(NEW) || line.includes(email))).toEqual([]);
  const audited = await stage.installation.operate('audit.list', { limit: 1000 });
  expect(JSON.stringify(audited)).not.toContain(token);
});

test('another website can’t send the form, and a browser that names no site can', async () => {
  const { token } = await makeLink();
  const form = { link: token, password: NEW };
  for (const site of ['cross-site', 'same-site', 'none']) {
    const answer = await stage.stranger().post('/password/riverton', form, { 'sec-fetch-site': site, origin: 'null' });
    expect(errorCodeOf(answer)).toBe('cross_site');
  }
  const answer = await stage.stranger().post('/password/riverton', form, { origin: 'null' });
  expect(answer.statusCode).toBe(303);
});

/** Opens the same installation once more, as a second instance does. */
async function secondInstance(): Promise<TestInstallation> {
  const { services, masterKey } = stage.installation;
  const statement = { name: 'which-database', text: 'select current_database() as name' };
  const [row] = await services.database.query<{ name: string }>(statement, []);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${row?.name}`;
  return startInstallation({ existing: { url: url.href, masterKey }, clock: stage.now });
}

test('of several uses at the same instant, on two instances, one sets its password', async () => {
  const other = await secondInstance();
  try {
    const { token } = await makeLink();
    const passwords = Array.from({ length: 6 }, (_, turn) => `password number ${turn}`);
    const answers = await Promise.all(
      passwords.map((password, turn) =>
        setPassword(turn % 2 === 0 ? stage.stranger() : createBrowserLike(other.server), token, password),
      ),
    );
    const winners = passwords.filter((_, turn) => answers[turn]?.statusCode === 303);
    expect(winners).toHaveLength(1);
    expect(answers.filter((answer) => errorCodeOf(answer) === 'password_link_over')).toHaveLength(5);
    for (const password of passwords) expect(await canSignIn(password)).toBe(winners.includes(password));
  } finally {
    await other.close();
  }
});

test('who uses a link while an operator disables the user either comes first or gets nothing', async () => {
  for (let turn = 0; turn < 5; turn += 1) {
    const { token } = await makeLink();
    const [answer] = await Promise.all([setPassword(stage.stranger(), token), update({ disabled: true })]);
    expect([303, 410]).toContain(answer.statusCode);
    expect(await canSignIn(NEW)).toBe(false);
    await update({ disabled: false, password: PASSWORD });
  }
});

test('strangers who keep guessing can’t keep her from signing in, and her former browsers are strangers', async () => {
  const { token } = await makeLink();
  const former = await stage.signedIn('riverton', email);
  for (let turn = 0; turn < 11; turn += 1) await canSignIn('wrong');
  const browser = stage.stranger();
  await setPassword(browser, token);
  expect((await browser.post('/login/riverton', { email, password: NEW })).statusCode).toBe(303);
  for (const stranger of [stage.stranger(), former]) {
    expect((await stranger.post('/login/riverton', { email, password: NEW })).statusCode).toBe(429);
  }
});

test('a link asks for a number of hours from 1 to 168, and for a user that there is', async () => {
  for (const hours of [0, -1, 169, Number.NaN]) {
    await expect(makeLink(hours)).rejects.toMatchObject({ field: 'hours' });
  }
  email = 'nobody@example.com';
  await expect(makeLink()).rejects.toMatchObject({ code: 'user_not_found' });
});
