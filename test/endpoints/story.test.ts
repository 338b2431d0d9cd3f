import { describe, expect, test } from 'vitest';
import { errorCodeOf, postedBy, requirePosted } from '../support/browser/browser-like.ts';
import { authnRequest, postFields, redirectQuery } from '../support/saml/authn-request.ts';
import { EMAIL, PASSWORD, useStage } from '../support/stage.ts';

describe.each([
  ['the embedded PostgreSQL', true],
  ['an external PostgreSQL', false],
])('on %s', (_what, embedded) => {
  const stage = useStage({
    embedded,
    billerInput: { settings: { loginTypes: { owner: 1 } } },
    users: { [EMAIL]: ['101Invoice:owner', '202Invoice:co-owner'] },
  });

  test('a launch selects the account: the sign-on that follows does not ask, and the next one does', {
    meta: { holds: ['IDP-102'], source: 'project rule' },
  }, async () => {
    const browser = stage.stranger();
    const launch = await browser.get('/launch/riverton/autopay?account=202Invoice');
    expect(launch.headers.location).toBe('/login/riverton?destination=autopay&account=202Invoice');
    const form = { email: EMAIL, password: PASSWORD, destination: 'autopay', account: '202Invoice' };
    const signedIn = await browser.post('/login/riverton', form);
    expect(signedIn.headers.location).toBe('/launch/riverton/autopay?account=202Invoice');
    const sent = await browser.follow(signedIn);
    expect(sent.headers.location).toMatch(
      /^https:\/\/sso\.invoicecloud\.com\/saml\/[0-9a-f-]{36}\?account=202Invoice&ViewMode=0&DeepLinkID=3$/,
    );
    const { xml } = requirePosted(await browser.get(`/saml/riverton/sso?${redirectQuery(authnRequest())}`));
    expect(xml).toContain('>202Invoice</saml:AttributeValue>');
    const next = await browser.follow(await browser.get(`/saml/riverton/sso?${redirectQuery(authnRequest())}`));
    expect(postedBy(next)).toBeUndefined();
    expect(next.body).toContain('101Invoice');
  });

  test('by POST, with sign-in and account choice, then sign-out', {
    meta: { holds: ['IDP-102'], source: 'project rule' },
  }, async () => {
    const browser = stage.stranger();
    const login = await browser.follow(await browser.post('/saml/riverton/sso', postFields(authnRequest(), 'rs')));
    const flow = /name="flow" value="([\w-]+)"/.exec(login.body)?.[1] ?? '';
    const choice = await browser.follow(
      await browser.post('/login/riverton', { email: EMAIL, password: PASSWORD, flow }),
    );
    const posted = requirePosted(await browser.post('/saml/riverton/sso', { flow, account: '101Invoice' }));
    expect(choice.body).toContain('202Invoice');
    expect(posted.relayState).toBe('rs');
    await browser.post('/logout', { biller: 'riverton' });
    const after = await browser.get(`/saml/riverton/sso?${redirectQuery(authnRequest())}`);
    expect(after.headers.location).toMatch(/^\/login\//);
  });

  test('a request is answered once', { meta: { holds: ['IDP-102'], source: 'project rule' } }, async () => {
    const browser = await stage.signedIn();
    await browser.get('/launch/riverton/bills?account=101Invoice');
    const url = `/saml/riverton/sso?${redirectQuery(authnRequest())}`;
    requirePosted(await browser.get(url));
    await browser.get('/launch/riverton/bills?account=101Invoice');
    expect(errorCodeOf(await browser.get(url))).toBe('request_replayed');
  });

  test('metadata and health are served', { meta: { holds: ['IDP-102'], source: 'project rule' } }, async () => {
    const { server } = stage.installation;
    expect((await server.inject('/saml/riverton/metadata')).statusCode).toBe(200);
    expect((await server.inject('/health/ready')).json()).toEqual({
      status: 'ok',
      checks: [
        { name: 'database', ok: true, problems: 0 },
        { name: 'keys', ok: true, problems: 0 },
        { name: 'audit', ok: true, problems: 0 },
      ],
    });
  });
});
