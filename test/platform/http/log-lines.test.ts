import { beforeEach, expect, test } from 'vitest';
import { createLogger } from '../../../src/platform/http/log.ts';
import { type BrowserLike, referenceOf, requirePosted } from '../../support/browser/browser-like.ts';
import { authnRequest, postFields, redirectQuery } from '../../support/saml/authn-request.ts';
import { PASSWORD, useStage } from '../../support/stage.ts';

const EMAIL = 'pat.person@example.com';
const ACCOUNTS = ['7319Invoice', '8426Invoice'] as const;
const RELAY_STATE = 'state-of-theirs-5120';

const flowIn = ({ body }: { body: string }) => /name="flow" value="([\w-]+)"/.exec(body)?.[1] ?? '';

/** From the sign-on request to the ACS, with a wrong password first. @returns what must never appear in the log */
async function story(browser: BrowserLike): Promise<string[]> {
  const { SAMLRequest = '', ...others } = postFields(authnRequest(), RELAY_STATE);
  const login = await browser.follow(await browser.post('/saml/riverton/sso', { SAMLRequest, ...others }));
  const flow = flowIn(login);
  await browser.post('/login/riverton', { email: EMAIL, password: 'not the password', flow });
  const choice = await browser.follow(
    await browser.post('/login/riverton', { email: EMAIL, password: PASSWORD, flow }),
  );
  const secrets = [...browser.cookies.values()];
  const posted = requirePosted(
    await browser.post('/saml/riverton/sso', { flow: flowIn(choice), account: ACCOUNTS[1] }),
  );
  const response = Buffer.from(posted.xml).toString('base64');
  return [...secrets, SAMLRequest.slice(0, 60), response.slice(0, 60), response.slice(400, 460)];
}

const written: string[] = [];
const stage = useStage({
  logger: createLogger('trace', { write: (line) => void written.push(line) }),
  users: { [EMAIL]: ACCOUNTS },
});
beforeEach(() => {
  written.length = 0;
});
const lines = () => written.map((line) => JSON.parse(line) as Record<string, unknown>);
const outcomes = () => lines().map(({ method, route, status, outcome }) => [method, route, status, outcome]);
test('a sign-on logs one line per request: the route and the outcome, and nothing personal or secret', {
  meta: { holds: ['IDP-068'], source: 'project rule' },
}, async () => {
  const secrets = await story(stage.stranger());
  expect(outcomes()).toEqual([
    ['POST', '/saml/:biller/sso', 303, 'parked'],
    ['GET', '/saml/:biller/sso', 303, 'sign_in'],
    ['GET', '/login/:biller', 200, undefined],
    ['POST', '/login/:biller', 401, 'sign_in_failed'],
    ['POST', '/login/:biller', 303, 'signed_in'],
    ['GET', '/saml/:biller/sso', 200, 'account_choice'],
    ['POST', '/saml/:biller/sso', 200, 'issued'],
  ]);
  for (const line of lines()) {
    expect(line).toMatchObject({ level: 'info', msg: 'request', biller: 'riverton', ms: expect.any(Number) });
    expect(line.reference).toMatch(/^[a-z]+-[a-z]+-[a-z]+$/);
  }
  expect(new Set(lines().map(({ reference }) => reference)).size).toBe(7);
  // At least the session and flow cookies.
  expect(secrets.length).toBeGreaterThanOrEqual(5);
  const mentioned = [EMAIL, 'pat.person', PASSWORD, 'not the password', ...ACCOUNTS, RELAY_STATE, ...secrets];
  for (const value of mentioned) expect(written.join('')).not.toContain(value);
});

test('a refusal logs the reason, under the reference that the page shows, and nothing of the query or the form', {
  meta: { holds: ['IDP-068'], source: 'project rule' },
}, async () => {
  const browser = stage.stranger();
  const answers = [
    await browser.get(`/saml/riverton/sso?${redirectQuery(authnRequest({ issuer: 'https://other.example' }))}`),
    await browser.get(`/saml/nowhere/sso?token=${RELAY_STATE}`),
    await browser.post('/login/riverton', { email: EMAIL, password: PASSWORD }, { origin: 'https://evil.example' }),
    await browser.get(`/nothing/here?email=${EMAIL}`),
  ];
  expect(lines().map(({ reference }) => reference)).toEqual(answers.map(referenceOf));
  expect(outcomes()).toEqual([
    ['GET', '/saml/:biller/sso', 400, 'issuer_unknown'],
    ['GET', '/saml/:biller/sso', 404, 'biller_unknown'],
    ['POST', '/login/:biller', 403, 'cross_site'],
    ['GET', 'none', 404, 'page_not_found'],
  ]);
  expect(lines()[0]?.detail).toContain('https://other.example');
  for (const value of [EMAIL, PASSWORD, RELAY_STATE]) expect(written.join('')).not.toContain(value);
});

test.for(['/login/riverton/%zz', '/launch/riverton/%ff', `/login/${'x'.repeat(4_001)}`])(
  'a URL that can’t be read is not logged either: %s',
  { meta: { holds: ['IDP-068'], source: 'project rule' } },
  async (path) => {
    await stage.stranger().get(`${path}?email=${EMAIL}&account=${ACCOUNTS[0]}`);
    expect(outcomes()).toEqual([['GET', 'none', expect.any(Number), 'parameter_invalid']]);
    for (const value of [EMAIL, ACCOUNTS[0], path]) expect(written.join('')).not.toContain(value);
  },
);

test('an internal error is logged with its place, under the page’s reference, without the values being written', {
  meta: { holds: ['IDP-068'], source: 'project rule' },
}, async () => {
  const { database } = stage.installation.services;
  const browser = await stage.signedIn('riverton', EMAIL);
  written.length = 0;
  await database.query({ name: 'rename-away', text: 'alter table sign_on_flows rename to away' }, []);
  const answer = await browser.get(`/saml/riverton/sso?${redirectQuery(authnRequest(), RELAY_STATE)}`);
  await database.query({ name: 'rename-back', text: 'alter table away rename to sign_on_flows' }, []);
  expect(answer.statusCode).toBe(500);
  const [fault, request, ...others] = lines();
  expect(others).toEqual([]);
  const reference = referenceOf(answer);
  expect(reference).toMatch(/-/);
  const err = { code: '42P01', message: 'relation "sign_on_flows" does not exist' };
  expect(fault).toMatchObject({
    level: 'error',
    reference,
    err: { ...err, stack: expect.stringContaining('sign-on/flows/flows.ts') },
  });
  expect(request).toMatchObject({ level: 'info', reference, status: 500, outcome: 'internal_error' });
  for (const value of [EMAIL, RELAY_STATE, ...browser.cookies.values()]) expect(written.join('')).not.toContain(value);
  // The page does not say what failed either.
  expect(answer.body).not.toMatch(/sign_on_flows|relation|flows\.ts/);
});
