import { beforeAll, describe, expect, test } from 'vitest';
import { type BrowserLike, errorCodeOf, postedBy, requirePosted } from '../../support/browser/browser-like.ts';
import { TEST_ACS } from '../../support/installation.ts';
import { authnRequest, postFields } from '../../support/saml/authn-request.ts';
import { createServiceProvider, type ServiceProvider } from '../../support/saml/service-provider.ts';
import { PASSWORD, useStage } from '../../support/stage.ts';

const ONE = 'one@example.com';
const TWO = 'two@example.com';
const SSO = '/saml/riverton/sso';
const BINDINGS = ['HTTP-Redirect', 'HTTP-POST'] as const;
const flowIn = ({ body }: { body: string }) => /name="flow" value="([\w-]+)"/.exec(body)?.[1] ?? '';
const flowCookies = (browser: BrowserLike) => [...browser.cookies.keys()].filter((name) => name.includes('flow'));

describe('a sign-on from node-saml as the Service Provider', () => {
  const stage = useStage({
    billerInput: { settings: { loginTypes: { owner: 1 } } },
    users: { [ONE]: ['101Invoice:owner'], [TWO]: ['201Invoice:owner', '202Invoice:co-owner'] },
  });
  let provider: ServiceProvider;
  beforeAll(async () => {
    provider = await createServiceProvider(stage.installation, 'riverton');
  });

  const { stranger } = stage;
  const signedIn = (email: string) => stage.signedIn('riverton', email);
  /** Sends a new request, and follows redirects. */
  async function bring(browser: BrowserLike, binding: (typeof BINDINGS)[number], relayState?: string) {
    const { id, path, fields } = await provider.request(binding, relayState);
    const answer = await (fields === undefined ? browser.get(path) : browser.post(path, fields));
    return { id, page: await browser.follow(answer) };
  }
  /** Signs in on a page that asks for it. @returns where that leads */
  async function signInOn(page: { body: string }, browser: BrowserLike, email: string) {
    return browser.follow(await browser.post('/login/riverton', { email, password: PASSWORD, flow: flowIn(page) }));
  }

  test.each(BINDINGS)(
    'by %s: signs in, then reuses the session; node-saml accepts both',
    { meta: { holds: ['IDP-001', 'IDP-002'], source: 'SAML Profiles 4.1' } },
    async (binding) => {
      const browser = stranger();
      const { id, page: login } = await bring(browser, binding, 'first state');
      expect(login.body).toContain('type="password"');
      const posted = requirePosted(await signInOn(login, browser, ONE));
      expect(posted).toMatchObject({ acs: TEST_ACS, relayState: 'first state' });
      expect(await provider.judge(posted)).toMatchObject({
        nameID: ONE,
        Email: ONE,
        LoginType: '1',
        AccountNumber: '101Invoice',
      });
      // The browser keeps the cookie for a while: by it, a form that is sent again is recognized.
      expect(flowCookies(browser)).toHaveLength(1);
      // The audit matches what was issued.
      const [event] = (await stage.installation.operate('audit.list', { event: 'assertion.issued', limit: 1 })) as {
        requestId: string;
        assertionId: string;
      }[];
      expect(event?.requestId).toBe(id);
      expect(posted.xml).toContain(
        `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="${event?.assertionId}"`,
      );

      const { page: again } = await bring(browser, binding);
      const next = requirePosted(again);
      expect(next.relayState).toBeUndefined();
      expect(await provider.judge(next)).toMatchObject({ nameID: ONE });
      // The Service Provider accepts a Response once.
      await expect(provider.judge(next)).rejects.toThrow('InResponseTo');
    },
  );

  test.each(BINDINGS)(
    'by %s: the chosen account determines the claims; someone else’s account is refused',
    { meta: { holds: ['IDP-064', 'IDP-070'], source: 'project rule' } },
    async (binding) => {
      const browser = await signedIn(TWO);
      const { page: choice } = await bring(browser, binding, 'state');
      expect(postedBy(choice)).toBeUndefined();
      expect(choice.body).toMatch(/201Invoice[\s\S]*202Invoice/);
      const flow = flowIn(choice);
      const foreign = await browser.post(SSO, { flow, account: '101Invoice' });
      expect([foreign.statusCode, errorCodeOf(foreign)]).toEqual([403, 'account_forbidden']);
      const posted = requirePosted(await browser.post(SSO, { flow, account: '202Invoice' }));
      expect(posted.relayState).toBe('state');
      expect(await provider.judge(posted)).toMatchObject({ LoginType: '5', AccountNumber: '202Invoice' });
      const other = await browser.post(SSO, { flow, account: '201Invoice' });
      expect(other.headers.location).toBe('/login/riverton?notice=answered');
    },
  );

  test('a choice sent by another website is refused, and the flow continues for its owner', {
    meta: { holds: ['IDP-072'], source: 'project rule' },
  }, async () => {
    const browser = await signedIn(TWO);
    const { page } = await bring(browser, 'HTTP-Redirect');
    const form = { flow: flowIn(page), account: '201Invoice' };
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: 'https://idp.example' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ]) {
      const answer = await browser.post(SSO, form, headers);
      expect([answer.statusCode, errorCodeOf(answer)]).toEqual([403, 'cross_site']);
    }
    requirePosted(await browser.post(SSO, form, { 'sec-fetch-site': 'same-origin', origin: 'https://idp.example' }));
  });

  test('“Not you?” ends the session, and the same request is answered for the next person to sign in', {
    meta: { holds: ['IDP-065'], source: 'project rule' },
  }, async () => {
    const browser = await signedIn(TWO);
    const { page: choice } = await bring(browser, 'HTTP-POST', 'state');
    const login = await browser.follow(await browser.post('/logout', { biller: 'riverton', flow: flowIn(choice) }));
    expect(login.body).toContain('type="password"');
    const posted = requirePosted(await signInOn(login, browser, ONE));
    expect(posted.relayState).toBe('state');
    expect(await provider.judge(posted)).toMatchObject({ nameID: ONE, AccountNumber: '101Invoice' });
  });

  test('two tabs wait for one sign-in, and each gets its own Response', {
    meta: { holds: ['IDP-065'], source: 'project rule' },
  }, async () => {
    const browser = stranger();
    const [first, second] = [
      await bring(browser, 'HTTP-POST', 'tab 1'),
      await bring(browser, 'HTTP-Redirect', 'tab 2'),
    ];
    const late = requirePosted(await signInOn(second.page, browser, ONE));
    // Reloading the first tab picks up the session.
    const early = requirePosted(await browser.follow(await browser.get(`/login/riverton?flow=${flowIn(first.page)}`)));
    for (const [posted, state, id] of [
      [late, 'tab 2', second.id],
      [early, 'tab 1', first.id],
    ] as const) {
      expect([posted.relayState, posted.root.attributes.get('InResponseTo')]).toEqual([state, id]);
      await provider.judge(posted);
    }
  });

  test('a browser keeps at most eight flow cookies, and the newest flow continues', {
    meta: { holds: ['IDP-065'], source: 'project rule' },
  }, async () => {
    const browser = stranger();
    let page = { body: '' };
    for (let turn = 0; turn < 12; turn += 1) ({ page } = await bring(browser, 'HTTP-POST', `turn ${turn}`));
    expect(flowCookies(browser)).toHaveLength(8);
    expect(requirePosted(await signInOn(page, browser, ONE)).relayState).toBe('turn 11');
  });

  test.each([undefined, '', ' a  b ', '<"\'&amp;>é😀\u2028', 'x'.repeat(1024)])(
    'RelayState %j by POST comes back unchanged, through the database',
    { meta: { holds: ['IDP-003', 'IDP-061'], source: 'SAML Bindings 3.5.3' } },
    async (relayState) => {
      const browser = await signedIn(ONE);
      const parked = await browser.post(SSO, postFields(authnRequest(), relayState));
      expect(requirePosted(await browser.follow(parked)).relayState).toBe(relayState);
    },
  );
});
