import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type BrowserLike, errorCodeOf, referenceOf } from '../support/browser/browser-like.ts';
import { authnRequest, redirectQuery } from '../support/saml/authn-request.ts';
import { EMAIL, PASSWORD, useStage } from '../support/stage.ts';

const stage = useStage({ trustProxy: 'loopback', billerInput: { settings: { relayStateMaxBytes: 2_000 } } });
beforeAll(() => stage.addBiller('springfield'));
beforeEach(() => {
  stage.holdClock();
  stage.pass(120_000);
});

const BAD = '/saml/riverton/sso?SAMLRequest=%21';
const from = (address: string) => ({ 'x-forwarded-for': address });

async function countOf(table: string, where = 'true'): Promise<number> {
  const text = `select count(*)::int as count from ${table} where ${where}`;
  const [row] = await stage.installation.services.database.query<{ count: number }>(
    { name: crypto.randomUUID(), text },
    [],
  );
  return row?.count ?? 0;
}
/** Whether a refusal left its audit row and its trace. */
async function isRecorded(page: Awaited<ReturnType<BrowserLike['get']>>): Promise<[boolean, boolean]> {
  const reference = referenceOf(page) ?? '';
  return [
    (await countOf('audit_events', `reference = '${reference}'`)) === 1,
    (await countOf('sign_on_traces', `reference = '${reference}'`)) === 1,
  ];
}
const counted = async () =>
  (
    (await stage.installation.operate('audit.list', { event: 'refusals.counted', limit: 10 })) as {
      biller: string | null;
      details: { of: string; count: number; since: string };
    }[]
  ).map(({ biller, details }) => ({ biller, ...details }));

describe('a flood of bad requests', () => {
  async function flood(times: number): Promise<void> {
    const browser = stage.stranger();
    for (let turn = 0; turn < times; turn += 1) await browser.get(BAD, from('198.51.100.1'));
  }

  test('is written one by one within a budget, and counted beyond it', async () => {
    const before = await countOf('audit_events');
    const since = new Date(stage.now()).toISOString();
    await flood(300);
    expect((await countOf('audit_events')) - before).toBe(120);
    await stage.installation.services.tidy();
    expect(await counted()).toEqual([{ biller: 'riverton', of: 'sign_on.refused', count: 180, since }]);
    await stage.installation.services.tidy();
    expect(await counted()).toHaveLength(1);
  });

  test('hides nothing that another network, another biller or a signed-in portal user does', async () => {
    const signedIn = await stage.signedIn();
    await flood(300);
    expect(await isRecorded(await stage.stranger().get(BAD, from('198.51.100.1')))).toEqual([false, false]);
    expect(await isRecorded(await stage.stranger().get(BAD, from('198.51.100.2')))).toEqual([true, true]);
    const other = BAD.replace('riverton', 'springfield');
    expect(await isRecorded(await stage.stranger().get(other, from('198.51.100.1')))).toEqual([true, true]);
    expect(await isRecorded(await signedIn.get(BAD, from('198.51.100.1')))).toEqual([true, true]);
  });

  test('at no biller has a budget of its own', async () => {
    const before = await countOf('audit_events', 'biller_id is null');
    const nowhere = stage.stranger();
    for (let turn = 0; turn < 250; turn += 1) await nowhere.get('/saml/nowhere/sso', from('198.51.100.1'));
    expect((await countOf('audit_events', 'biller_id is null')) - before).toBe(120);
    expect(await isRecorded(await stage.stranger().get(BAD, from('198.51.100.1')))).toEqual([true, true]);
    await stage.installation.services.tidy();
    expect((await counted())[0]).toMatchObject({ biller: null, count: 130 });
  });
});

test('a flood of failing sign-ins is counted beyond a budget, and who signs in is written', async () => {
  const failed = () => countOf('audit_events', "event = 'sign_in.failed'");
  const before = await failed();
  const guesses = Array.from({ length: 360 }, (_, number) =>
    stage.stranger().post('/login/riverton', { email: `${number}@example.com`, password: 'x' }, from('198.51.100.3')),
  );
  await Promise.all(guesses);
  expect((await failed()) - before).toBeLessThanOrEqual(120);
  const browser = stage.stranger();
  const form = { email: EMAIL, password: PASSWORD };
  expect((await browser.post('/login/riverton', form, from('198.51.100.4'))).statusCode).toBe(303);
  expect(await stage.audited('sign_in.succeeded')).toBeDefined();
  // And who mistypes the password of a portal user.
  await browser.post('/login/riverton', { ...form, password: 'x' }, from('198.51.100.4'));
  expect((await stage.audited('sign_in.failed')).details).toEqual({ reason: 'wrong_password' });
});

describe('sign-ons that are begun and left', () => {
  const begin = (address: string, browser = stage.stranger()) => {
    const relayState = 'r'.repeat(2_000);
    const issued = new Date(stage.now()).toISOString();
    const query = redirectQuery(authnRequest({ attributes: { IssueInstant: issued } }), relayState);
    return browser.get(`/saml/riverton/sso?${query}`, from(address));
  };

  test('have a budget for each network; a portal user at another network is not held up', async () => {
    const before = await countOf('sign_on_flows');
    let page = await begin('2001:db8::1');
    for (let turn = 2; turn < 3_000 && page.statusCode === 303; turn += 1) {
      page = await begin(`2001:db8::${turn.toString(16)}`);
    }
    expect([page.statusCode, errorCodeOf(page), page.headers['retry-after']]).toEqual([429, 'too_many_requests', '60']);
    expect((await countOf('sign_on_flows')) - before).toBeLessThan(2_000);
    expect((await begin('2001:db8:0:1::1')).statusCode).toBe(303);
    stage.pass(60_000);
    expect((await begin('2001:db8::1')).statusCode).toBe(303);
  });
});
