import { beforeAll, expect, test } from 'vitest';
import {
  comeBack,
  enterFrame,
  FRAME,
  followFramed,
  framedTicket,
  newFramedUser,
  FRAMING_PORTAL as PORTAL,
} from '../support/api/framed-launches.ts';
import { createPortalApi, type PortalApi } from '../support/api/portal-api.ts';
import { type BrowserLike, errorCodeOf, postedBy, requirePosted } from '../support/browser/browser-like.ts';
import { authnRequest, redirectQuery } from '../support/saml/authn-request.ts';
import { useStage } from '../support/stage.ts';

const stage = useStage({ billerInput: { settings: { portalUrl: `${PORTAL}/home` } } });
let portal: PortalApi;
beforeAll(async () => {
  const added = await stage.installation.operate('api-key.add', { biller: 'riverton', role: 'portal' });
  portal = createPortalApi(stage.installation.server, (added as { key: string }).key);
});
const newUser = newFramedUser;
const launch = (over: Record<string, unknown>) => framedTicket(portal, over);
const enter = enterFrame;
const follow = (browser: BrowserLike, over: Record<string, unknown>) => followFramed(portal, browser, over);
const now = () => ({ attributes: { IssueInstant: new Date(stage.now()).toISOString() } });
const bring = (browser: BrowserLike) => browser.get(`/saml/riverton/sso?${redirectQuery(authnRequest(now()))}`, FRAME);
const accountsIn = (page: { body: string }) => page.body.match(/data-account="\w+"/g);

test('a launch that was not used does not become that of another frame which signs on once more', async () => {
  const browser = stage.stranger();
  const user = newUser();
  await follow(browser, { user, account: '501Invoice' });
  expect(requirePosted(await bring(browser)).xml).toContain('>501Invoice<');
  // Invoice Cloud has a session in this frame, and asks nothing.
  await follow(browser, { user, account: '502Invoice' });
  stage.pass(4 * 60_000);
  const parked = await bring(browser);
  expect(postedBy(parked)).toBeUndefined();
  const page = await browser.get(String(parked.headers.location), FRAME);
  expect(accountsIn(page)).toEqual(['data-account="501Invoice"', 'data-account="502Invoice"']);
});

test('of two people whose launches begin at the same moment, the frames are for the later one alone', async () => {
  const browser = stage.stranger();
  const [first, second] = [newUser(), newUser()];
  const tickets = [
    await launch({ user: first, account: '501Invoice' }),
    await launch({ user: second, account: '502Invoice' }),
  ];
  for (const ticket of tickets) await enter(browser, ticket);
  // Both have read which sessions there are before either of them has begun its own.
  const cookies = new Map(browser.cookies);
  await comeBack(browser, tickets[0] ?? '');
  for (const [name, value] of cookies) if (!browser.cookies.has(name)) browser.cookies.set(name, value);
  const both = new Map(browser.cookies);
  stage.pass(10);
  await comeBack(browser, tickets[1] ?? '');
  for (const [name, value] of both) if (!browser.cookies.has(name)) browser.cookies.set(name, value);
  const { xml } = requirePosted(await bring(browser));
  expect([xml.includes('>502Invoice<'), xml.includes(second.email), xml.includes(first.email)]).toEqual([
    true,
    true,
    false,
  ]);
});

test('a thief who has a frame’s ticket replaced does not go unnoticed: its user is led back to the portal', async () => {
  const refreshUrl = `${PORTAL}/again`;
  const ticket = await launch({ user: newUser(), account: '501Invoice', refreshUrl });
  const stolen = await comeBack(stage.stranger(), ticket);
  expect(errorCodeOf(stolen)).toBe('framed');
  const led = await enter(stage.stranger(), ticket);
  expect([led.statusCode, led.headers.location]).toEqual([303, refreshUrl]);
  expect((await stage.audited('launch.ticket_refused')).details).toMatchObject({ reason: 'used', led: 'portal' });
});

test('one portal user can have so many frames waiting, and others do not wait for them', async () => {
  const user = newUser();
  const tickets: string[] = [];
  for (let times = 0; times < 20; times += 1) tickets.push(await launch({ user, account: '501Invoice' }));
  const browsers = tickets.map(() => stage.stranger());
  await Promise.all(tickets.map((ticket, place) => enter(browsers[place] as BrowserLike, ticket)));
  const answers = await Promise.all(tickets.map((ticket, place) => comeBack(browsers[place] as BrowserLike, ticket)));
  const busy = answers.filter((answer) => errorCodeOf(answer) === 'service_busy');
  expect(busy).toHaveLength(12);
  expect(busy[0]?.headers['retry-after']).toBe('5');
  expect(answers.filter(({ statusCode }) => statusCode === 303)).toHaveLength(8);
}, 60_000);
