import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorCodeOf, postedBy, requirePosted, statusOf } from '../../../support/browser/browser-like.ts';
import { createAtProvider } from '../../../support/openid/at-provider.ts';
import { passProvider, requireLeadsTo } from '../../../support/openid/journey.ts';
import { startProvider, type TestProvider } from '../../../support/openid/provider.ts';
import { EMAIL, PASSWORD, useStage } from '../../../support/stage.ts';

const CALLBACK = 'https://idp.example/login/riverton/callback';
const SIGNED_OUT = 'https://idp.example/login/riverton/signed-out';
const SECRET = 'the secret of this client';
const MFA = 'urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract';
const stage = useStage();
let provider: TestProvider;
beforeAll(async () => {
  provider = await startProvider({
    clients: [
      {
        client_id: 'ic-idp',
        client_secret: SECRET,
        redirect_uris: [CALLBACK],
        post_logout_redirect_uris: [SIGNED_OUT],
      },
    ],
    people: {
      pat: { email: EMAIL, email_verified: true, accounts: ['101Invoice'] },
      kim: {
        email: 'kim@example.com',
        email_verified: true,
        accounts: [{ number: '201Invoice', role: 'owner' }, { number: 202 }],
      },
    },
    acrValues: ['mfa'],
  });
  await stage.installation.operate('biller.update', {
    slug: 'riverton',
    oidcClientSecret: SECRET,
    settings: {
      signIn: 'oidc',
      oidcIssuer: provider.issuer,
      oidcClientId: 'ic-idp',
      oidcScopes: 'openid email bills',
      oidcAccountsClaim: 'accounts',
      loginTypes: { owner: 1 },
      portalUrl: 'https://portal.example/',
    },
  });
});
afterAll(() => provider.close());

/** A browser that has signed in at the provider and here. */
async function signedIn(user: string, at = createAtProvider()) {
  const browser = stage.stranger();
  const back = await passProvider(browser, await browser.get('/login/riverton'), user, at);
  expect([back.statusCode, back.headers.location]).toEqual([303, '/login/riverton']);
  return browser;
}
const authnInstantOf = (xml: string) => Date.parse(/AuthnInstant="([^"]+)"/.exec(xml)?.[1] ?? '');

test('a portal user signs in at the provider, and is signed on with what it says of them', async () => {
  const browser = stage.stranger();
  const page = await browser.follow(await stage.bring(browser));
  expect(Object.fromEntries(requireLeadsTo(page).searchParams)).toMatchObject({
    client_id: 'ic-idp',
    redirect_uri: CALLBACK,
    response_type: 'code',
    code_challenge_method: 'S256',
  });
  const { xml } = requirePosted(await browser.follow(await passProvider(browser, page, 'pat')));
  expect(xml).toContain('>pat@example.com<');
  expect(xml).toContain('>101Invoice<');
  expect(xml).toContain('ac:classes:unspecified<');
  expect((await stage.audited('sign_in.succeeded')).details).toEqual({ beganBy: 'oidc' });
  expect((await stage.audited('assertion.issued')).details).toMatchObject({ beganBy: 'oidc' });
});

test('accounts with roles give the choice of an account, and its login type', async () => {
  const browser = stage.stranger();
  const page = await browser.follow(await stage.bring(browser));
  const choice = await browser.follow(await passProvider(browser, page, 'kim'));
  expect(choice.body.match(/data-account="\w+"/g)).toEqual(['data-account="201Invoice"', 'data-account="202"']);
  const flow = /name="flow" value="([^"]+)"/.exec(choice.body)?.[1] ?? '';
  const own = { 'sec-fetch-site': 'same-origin' };
  const { xml } = requirePosted(await browser.post('/saml/riverton/sso', { flow, account: '201Invoice' }, own));
  expect(xml).toMatch(/Name="LoginType"[\s\S]*?>1</);
});

test('whoever the provider knows is asked nothing, and the assertion says when they signed in there', async () => {
  const at = createAtProvider();
  await signedIn('pat', at);
  const began = Date.now();
  const other = stage.stranger();
  const back = await passProvider(other, await other.follow(await stage.bring(other)), undefined, at);
  const instant = authnInstantOf(requirePosted(await other.follow(back)).xml);
  // The provider counts in seconds.
  expect(instant).toBeLessThan(began + 1_000);
  expect(instant).toBeGreaterThan(began - 60_000);
});

test('a link of the portal leads through the provider to Invoice Cloud', async () => {
  const browser = stage.stranger();
  const page = await browser.follow(await browser.get('/launch/riverton/autopay?account=101Invoice&viewMode=0'));
  const arrived = await browser.follow(await passProvider(browser, page, 'pat'));
  expect(arrived.headers.location).toMatch(/^https:\/\/sso\.invoicecloud\.com\/saml\/.*account=101Invoice/);
});

test('ForceAuthn asks again whom the provider knows, and whoever is signed in here', async () => {
  const at = createAtProvider();
  const browser = await signedIn('pat', at);
  const page = await browser.follow(await stage.bring(browser, { attributes: { ForceAuthn: 'true' } }));
  expect(Object.fromEntries(requireLeadsTo(page).searchParams)).toMatchObject({ prompt: 'login', max_age: '0' });
  await expect(at.visit(requireLeadsTo(page).href)).rejects.toThrow('the provider shows 200 /interaction');
  const { xml } = requirePosted(await browser.follow(await passProvider(browser, page, 'pat', at)));
  expect(xml).toContain('>pat@example.com<');
});

test('IsPassive is answered where the provider knows the person, and refused where it would have to ask', async () => {
  const passive = { attributes: { IsPassive: 'true' } };
  const at = createAtProvider();
  await signedIn('pat', at);
  const known = stage.stranger();
  const page = await known.follow(await stage.bring(known, passive));
  expect(requireLeadsTo(page).searchParams.get('prompt')).toBe('none');
  expect(requirePosted(await known.follow(await passProvider(known, page, undefined, at))).xml).toContain(
    '>101Invoice<',
  );

  const stranger = stage.stranger();
  const asked = await stranger.follow(await stage.bring(stranger, passive));
  const answer = await stranger.follow(await passProvider(stranger, asked));
  expect(statusOf(requirePosted(answer))).toEqual(['Responder', 'NoPassive']);
});

test('IsPassive and ForceAuthn together are refused: nobody can sign in without being asked', async () => {
  const both = { attributes: { IsPassive: 'true', ForceAuthn: 'true' } };
  const browser = await signedIn('pat');
  const answer = await browser.follow(await stage.bring(browser, both));
  expect(statusOf(requirePosted(answer))).toEqual(['Responder', 'NoPassive']);
});

test('the same email in the directory and at the provider is two people', async () => {
  await signedIn('pat');
  const users = (await stage.installation.operate('user.list', { biller: 'riverton', email: EMAIL })) as {
    source: string;
    externalId: string | null;
  }[];
  expect(users.map(({ source, externalId }) => [source, externalId])).toEqual([
    ['directory', null],
    ['oidc', 'pat'],
  ]);
});

test('the password form of before leads to the provider, and checks no password', async () => {
  const browser = stage.stranger();
  const answer = await browser.post('/login/riverton', { email: EMAIL, password: PASSWORD, destination: 'autopay' });
  expect(answer.headers.location).toBe('/login/riverton?destination=autopay');
  expect(requireLeadsTo(await browser.follow(answer)).origin).toBe(provider.issuer);
});

test('the sign-out goes on to the provider, and comes back', async () => {
  const at = createAtProvider();
  const browser = await signedIn('pat', at);
  const page = await browser.post('/logout', { biller: 'riverton' }, { 'sec-fetch-site': 'same-origin' });
  const address = requireLeadsTo(page);
  expect(Object.fromEntries(address.searchParams)).toMatchObject({
    client_id: 'ic-idp',
    post_logout_redirect_uri: SIGNED_OUT,
    id_token_hint: expect.stringMatching(/^ey/),
  });
  expect([...browser.cookies.keys()].filter((name) => name.includes('session'))).toEqual([]);
  const shown = await browser.get('/login/riverton/signed-out');
  expect([shown.statusCode, shown.body.includes('You’re signed out')]).toEqual([200, true]);
});

test('“Not you?” makes the provider ask who it is', async () => {
  const browser = await signedIn('kim');
  const choice = await browser.follow(await stage.bring(browser));
  const flow = /name="flow" value="([^"]+)"/.exec(choice.body)?.[1] ?? '';
  const page = await browser.post('/logout', { biller: 'riverton', flow }, { 'sec-fetch-site': 'same-origin' });
  const next = requireLeadsTo(page);
  const asked = await browser.get(next.pathname + next.search);
  expect(requireLeadsTo(asked).searchParams.get('prompt')).toBe('login');
  expect(requirePosted(await browser.follow(await passProvider(browser, asked, 'pat'))).xml).toContain('>101Invoice<');
});

test('nobody is sent to the provider inside a frame', async () => {
  const frame = { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' };
  expect(errorCodeOf(await stage.stranger().get('/login/riverton', frame))).toBe('framed');
});

const demands = (classRef: string) => ({
  inside: `<samlp:RequestedAuthnContext Comparison="exact"><saml:AuthnContextClassRef>${classRef}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`,
});

test('an acr that is mapped to an AuthnContext class satisfies a request for it, and nothing else does', async () => {
  const before = stage.stranger();
  const answer = await before.follow(await stage.bring(before, demands(MFA)));
  expect(statusOf(requirePosted(answer))).toEqual(['Responder', 'NoAuthnContext']);

  const weak = await signedIn('pat');
  await stage.installation.operate('biller.update', { slug: 'riverton', settings: { oidcAcr: { mfa: MFA } } });
  // The session of before does not satisfy the request, and the provider is asked for one that does.
  const page = await weak.follow(await stage.bring(weak, demands(MFA)));
  expect(requireLeadsTo(page).searchParams.get('acr_values')).toBe('mfa');
  const { xml } = requirePosted(await weak.follow(await passProvider(weak, page, 'pat')));
  expect(xml).toContain(`>${MFA}<`);
  expect(postedBy(await weak.follow(await stage.bring(weak)))?.xml).toContain(`>${MFA}<`);
});
