import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { type BrowserLike, errorCodeOf, postedBy, requirePosted } from '../../support/browser/browser-like.ts';
import { PASSWORD, useStage } from '../../support/stage.ts';

const SEVERAL = 'several@example.com';
const OTHER = 'other@example.com';
const SSO = '/saml/riverton/sso';
const ANSWERED = '/login/riverton?notice=answered';
const OVER = '/login/riverton?notice=over';
const TWO_ACCOUNTS = ['101Invoice:owner', '202Invoice:owner'];

const stage = useStage({ users: { [SEVERAL]: TWO_ACCOUNTS, [OTHER]: TWO_ACCOUNTS } });
const flowIn = (text: unknown) => /flow(?:=|" value=")([\w-]+)/.exec(String(text))?.[1] ?? '';

/** A sign-on that waits for the choice of an account. @param relayState marks it, for audit searches of nothing else */
async function choosing(biller = 'riverton') {
  const browser = await stage.signedIn(biller, SEVERAL);
  const asked = await stage.bring(browser, {}, 'state', biller);
  const flow = flowIn(asked.headers.location);
  const page = await browser.follow(asked);
  expect(page.body).toContain('202Invoice');
  const choose = (account = '101Invoice', by: BrowserLike = browser) =>
    by.post(`/saml/${biller}/sso`, { flow, account });
  return { browser, flow, choose };
}

const countOf = async (event: string) =>
  ((await stage.installation.operate('audit.list', { event, limit: 1000 })) as unknown[]).length;

/** How many events of each kind an action writes. */
async function written<Result>(action: () => Promise<Result>) {
  const names = ['assertion.issued', 'assertion.repeated'];
  const count = () => Promise.all(names.map(countOf));
  const before = await count();
  const result = await action();
  const after = await count();
  return { result, events: after.map((total, index) => total - (before[index] ?? 0)) };
}

describe('a choice that is sent twice', () => {
  test('at the same time gets one assertion, in every answer', {
    meta: { holds: ['IDP-064'], source: 'project rule' },
  }, async () => {
    const { choose } = await choosing();
    const { result, events } = await written(() => Promise.all([choose(), choose(), choose()]));
    const posted = result.map(requirePosted);
    expect(new Set(posted.map(({ xml }) => xml)).size).toBe(1);
    expect(posted[2]).toMatchObject({ acs: 'https://sp.example/acs', relayState: 'state' });
    expect(events).toEqual([1, 2]);
  });

  test('shortly afterwards gets the same, and the audit says when and from where', async () => {
    const { choose } = await choosing();
    const first = requirePosted(await choose());
    stage.pass(2_000);
    expect(requirePosted(await choose()).xml).toBe(first.xml);
    const [repeated] = (await stage.installation.operate('audit.list', {
      event: 'assertion.repeated',
      limit: 1,
    })) as { assertionId: string; address: string }[];
    expect(first.xml).toContain(repeated?.assertionId);
    expect(repeated?.address).toBe('127.0.0.1');
  });

  test('with another account leads to the portal user’s page, which says so', async () => {
    const { browser, choose } = await choosing();
    const answers = await Promise.all([choose('101Invoice'), choose('202Invoice')]);
    expect(answers.filter((answer) => postedBy(answer) !== undefined)).toHaveLength(1);
    const other = answers.find((answer) => postedBy(answer) === undefined);
    expect(other?.headers.location).toBe(ANSWERED);
    const page = await browser.get(ANSWERED);
    expect(page.body).toContain('role="status">That choice has already been used');
    expect(page.body).toContain('/launch/riverton/bills?account&#61;202Invoice');
  });

  test('gets no answer half a minute later, or more than five times', async () => {
    const late = await choosing();
    requirePosted(await late.choose());
    stage.pass(30_001);
    expect((await late.choose()).headers.location).toBe(ANSWERED);

    const often = await choosing();
    for (let time = 0; time < 6; time += 1) requirePosted(await often.choose());
    expect((await often.choose()).headers.location).toBe(ANSWERED);
  });

  test('is answered at the second attempt if the first one failed', async () => {
    const { choose } = await choosing();
    const { db } = stage.installation.services.database;
    await sql`create function refuse() returns trigger language plpgsql as $$ begin raise 'broken'; end $$`.execute(db);
    await sql`create trigger refuse before insert on audit_events for each row execute function refuse()`.execute(db);
    const failed = await choose();
    await sql`drop trigger refuse on audit_events`.execute(db);
    expect([failed.statusCode, errorCodeOf(failed)]).toEqual([500, 'internal_error']);
    requirePosted(await choose());
  });

  test('on an unsolicited sign-on makes one assertion', {
    meta: { holds: ['IDP-071'], source: 'project rule' },
  }, async () => {
    await stage.addBiller('unasked', { settings: { unsolicited: true } });
    await stage.installation.addUser('unasked', SEVERAL, PASSWORD, TWO_ACCOUNTS);
    const browser = await stage.signedIn('unasked', SEVERAL);
    const asked = await browser.get('/saml/unasked/sso', { 'sec-fetch-site': 'cross-site' });
    const flow = flowIn(asked.headers.location);
    const confirm = () => browser.post('/saml/unasked/sso', { flow, account: '101Invoice' });
    const { result, events } = await written(() => Promise.all([confirm(), confirm()]));
    expect(new Set(result.map((page) => requirePosted(page).xml)).size).toBe(1);
    expect(events).toEqual([1, 1]);
  });
});

describe('the answer of a flow is not sent again', () => {
  /** A sign-on that was answered. @returns how to send its form again */
  async function answered(biller = 'riverton') {
    const choice = await choosing(biller);
    requirePosted(await choice.choose());
    return choice;
  }

  test('to another browser, whoever is signed in there', {
    meta: { holds: ['IDP-065'], source: 'project rule' },
  }, async () => {
    const { browser, flow, choose } = await answered();
    const cookie = `__Host-flow-${flow}`;
    const thieves = [
      stage.stranger(),
      await stage.signedIn('riverton', OTHER),
      await stage.signedIn('riverton', SEVERAL),
    ];
    for (const thief of thieves) {
      const withoutCookie = await choose('101Invoice', thief);
      thief.cookies.set(cookie, 'A'.repeat(43));
      const withForged = await choose('101Invoice', thief);
      // Even the cookie of the flow is not enough without the session.
      thief.cookies.set(cookie, browser.cookies.get(cookie) ?? '');
      const withStolen = await choose('101Invoice', thief);
      for (const answer of [withoutCookie, withForged, withStolen]) expect(postedBy(answer)).toBeUndefined();
    }
    requirePosted(await choose());
  });

  test('after the portal user signed out, and then the page leads to the sign-in', async () => {
    const { browser, choose } = await answered();
    await browser.post('/logout', { biller: 'riverton' });
    const page = await choose();
    expect([page.statusCode, errorCodeOf(page)]).toEqual([409, 'flow_answered']);
    expect(page.body).toContain('<a class="primary" href="/login/riverton"');
    await browser.signIn('riverton', SEVERAL, PASSWORD);
    expect((await choose()).headers.location).toBe(ANSWERED);
  });

  test.each([
    [
      'its session was ended by an operator',
      (slug: string) => ['session.end', { biller: slug, email: SEVERAL, reason: 'test' }],
    ],
    [
      'the portal user was disabled',
      (slug: string) => ['user.update', { biller: slug, email: SEVERAL, disabled: true }],
    ],
    ['its key was revoked', (slug: string) => ['key.revoke', { biller: slug, reason: 'test', replace: 'EC-P256' }]],
    [
      'its ACS was removed',
      (slug: string) => ['biller.update', { slug, entityId: 'https://sp.example', acs: ['https://sp.example/new'] }],
    ],
  ] as const)('after %s', async (title, change) => {
    const slug = `after-${title.split(' ').at(-1)}`;
    await stage.addBiller(slug);
    await stage.installation.addUser(slug, SEVERAL, PASSWORD, TWO_ACCOUNTS);
    const { choose } = await answered(slug);
    const [operation, input] = change(slug);
    await stage.installation.operate(operation as 'key.revoke', input as never);
    const answer = await choose();
    expect(postedBy(answer)).toBeUndefined();
    expect(answer.statusCode).toBeLessThan(500);
  });

  test('by Back or Refresh, which would take a used answer to the Service Provider', async () => {
    const { browser, flow } = await answered();
    expect((await browser.get(`${SSO}?flow=${flow}`)).headers.location).toBe(ANSWERED);
  });

  test('from what is stored: only the browser’s cookie opens it', async () => {
    const { flow } = await answered();
    const { db } = stage.installation.services.database;
    const row = await db.selectFrom('signOnAnswers').selectAll().where('flowId', '=', flow).executeTakeFirstOrThrow();
    expect(row.answer?.length).toBeGreaterThan(1_000);
    expect(row.answer?.toString('latin1')).not.toMatch(/Assertion|101Invoice/);
    // Moved to another flow, it opens for nobody.
    const next = await answered();
    await db.updateTable('signOnAnswers').set({ answer: row.answer }).where('flowId', '=', next.flow).execute();
    expect((await next.choose()).headers.location).toBe(ANSWERED);
  });
});

describe('a page that is older than its sign-on', () => {
  test('leads a portal user who signs in there to their own page', async () => {
    const browser = stage.stranger();
    const flow = flowIn((await stage.bring(browser)).headers.location);
    stage.pass(16 * 60_000);
    const signedIn = await browser.post('/login/riverton', { email: SEVERAL, password: PASSWORD, flow });
    const next = await browser.get(String(signedIn.headers.location));
    expect(next.headers.location).toBe(OVER);
    const page = await browser.get(OVER);
    expect([page.statusCode, page.body.includes('too old')]).toEqual([200, true]);
  });

  test('says that it is over to somebody who is not signed in, with the way to the sign-in', async () => {
    const browser = stage.stranger();
    const flow = flowIn((await stage.bring(browser)).headers.location);
    stage.pass(16 * 60_000);
    const page = await browser.get(`${SSO}?flow=${flow}`);
    expect([page.statusCode, errorCodeOf(page)]).toEqual([400, 'flow_unknown']);
    expect(page.body).toContain('<a class="primary" href="/login/riverton"');
  });
});

describe('a choice after the session has ended', () => {
  /** Chooses without a session. @returns where a sign-in of this person leads then */
  async function chooseThenSignIn(email: string) {
    const { browser, flow, choose } = await choosing();
    browser.cookies.delete('__Host-session-riverton');
    expect((await choose('202Invoice')).headers.location).toBe(`/login/riverton?flow=${flow}`);
    return browser.follow(await browser.post('/login/riverton', { email, password: PASSWORD, flow }));
  }

  test('is remembered for after the sign-in', async () => {
    expect(requirePosted(await chooseThenSignIn(SEVERAL)).xml).toContain('>202Invoice<');
  });

  test('does not count for a person without that account', async () => {
    await stage.installation.addUser('riverton', 'third@example.com', PASSWORD, [
      '303Invoice:owner',
      '404Invoice:owner',
    ]);
    const page = await chooseThenSignIn('third@example.com');
    expect(page.body).toContain('Which account would you like to pay for?');
  });
});
