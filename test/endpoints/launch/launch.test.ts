import { expect, test, vi } from 'vitest';
import { errorCodeOf, referenceOf } from '../../support/browser/browser-like.ts';
import { EMAIL, useStage } from '../../support/stage.ts';

const GUID = '0f8fad5b-d9cb-469f-a165-70867728950e';

const stage = useStage({
  billerInput: { billerGuid: GUID },
  users: { [EMAIL]: ['101 Invoice/é', '202Invoice'], 'one@example.com': ['303Invoice'] },
});
const launch = async (path: string, email = EMAIL) =>
  (await stage.signedIn('riverton', email)).get(`/launch/riverton/${path}`);

test.each([
  ['autopay?account=202Invoice', '?account=202Invoice&ViewMode=0&DeepLinkID=3'],
  ['bills?account=202Invoice&viewMode=1', '?account=202Invoice&ViewMode=1&DeepLinkID=1'],
  ['13?account=202Invoice', '?account=202Invoice&ViewMode=0&DeepLinkID=13'],
  [
    `payment-methods?account=${encodeURIComponent('101 Invoice/é')}`,
    '?account=101%20Invoice%2F%C3%A9&ViewMode=0&DeepLinkID=5',
  ],
])(
  '/launch/riverton/%s leads to the exact redirect link',
  { meta: { holds: ['IDP-069', 'IDP-070'], source: 'Invoice Cloud' } },
  async (path, query) => {
    const answer = await launch(path);
    expect([answer.statusCode, answer.headers.location]).toEqual([
      303,
      `https://sso.invoicecloud.com/saml/${GUID}${query}`,
    ]);
  },
);

test('someone else’s account gets a 403 with a reference that is in the audit log', {
  meta: { holds: ['IDP-070'], source: 'project rule' },
}, async () => {
  const answer = await launch('bills?account=303Invoice');
  expect([answer.statusCode, errorCodeOf(answer)]).toEqual([403, 'account_forbidden']);
  const [event] = (await stage.installation.operate('audit.list', { event: 'launch.refused' })) as {
    reference: string;
  }[];
  expect(event?.reference).toBe(referenceOf(answer));
  expect(answer.body).not.toContain('303Invoice');
});

test.each([
  'nowhere?account=202Invoice',
  '0?account=202Invoice',
  '-1',
  'bills?account=202Invoice&viewMode=2',
  'bills?account=a&account=b',
])('/launch/riverton/%s is refused', { meta: { holds: ['IDP-069'], source: 'project rule' } }, async (path) => {
  const answer = await launch(path);
  expect([answer.statusCode, errorCodeOf(answer)]).toEqual([400, 'parameter_invalid']);
  const reference = referenceOf(answer) ?? '';
  const [event] = (await stage.installation.operate('audit.list', { reference })) as { event: string }[];
  expect(event).toMatchObject({ event: 'launch.refused', details: { code: 'parameter_invalid' } });
  await vi.waitFor(async () =>
    expect(await stage.installation.operate('trace.show', { reference })).toMatchObject({
      biller: 'riverton',
      trace: { code: 'parameter_invalid' },
    }),
  );
});

test('a refused launch of somebody who is not signed in is in the audit, too, within the budget of strangers', async () => {
  const answer = await stage.stranger().get('/launch/riverton/nowhere');
  const [event] = (await stage.installation.operate('audit.list', { reference: referenceOf(answer) ?? '' })) as {
    event: string;
    userId: string | null;
  }[];
  expect(event).toMatchObject({ event: 'launch.refused', userId: null });
  const count = async () =>
    ((await stage.installation.operate('audit.list', { event: 'launch.refused', limit: 1000 })) as unknown[]).length;
  const before = await count();
  for (let time = 0; time < 200; time += 1) await stage.stranger().get('/launch/riverton/nowhere');
  expect((await count()) - before).toBeLessThanOrEqual(120);
});

test('a portal user in a loop can’t fill the audit', async () => {
  const browser = await stage.signedIn('riverton', 'one@example.com');
  const count = async () =>
    ((await stage.installation.operate('audit.list', { event: 'launch.started', limit: 1000 })) as unknown[]).length;
  stage.holdClock();
  const before = await count();
  const answers = [];
  for (let time = 0; time < 130; time += 1) answers.push(await browser.get('/launch/riverton/bills'));
  const refused = answers.filter(({ statusCode }) => statusCode === 429);
  expect(refused.length).toBeGreaterThan(60);
  expect(refused[0]?.headers['retry-after']).toBe('60');
  expect((await count()) - before).toBe(130 - refused.length);
  stage.pass(60_000);
  expect((await browser.get('/launch/riverton/bills')).statusCode).toBe(303);
});

test('without an account, uses the only one, or asks if there are several', {
  meta: { holds: ['IDP-070'], source: 'project rule' },
}, async () => {
  expect((await launch('bills', 'one@example.com')).headers.location).toContain('account=303Invoice');
  expect((await launch('bills')).headers.location).toBe('/login/riverton');
});

test('Invoice Cloud’s spelling of the parameters is taken', {
  meta: { holds: ['IDP-070'], source: 'project rule' },
}, async () => {
  const query = 'account=202Invoice&ViewMode=1&DeepLinkID=9';
  expect((await launch(`autopay?${query}`)).headers.location).toMatch(/ViewMode=1&DeepLinkID=9$/);
  expect((await launch(`autopay?${query}&viewMode=1`)).headers.location).toMatch(/ViewMode=1&DeepLinkID=9$/);
  const contradiction = await launch(`autopay?${query}&viewMode=0`);
  expect([contradiction.statusCode, errorCodeOf(contradiction)]).toEqual([400, 'parameter_invalid']);
  const beforeSignIn = await stage.stranger().get(`/launch/riverton/autopay?${query}`);
  expect(beforeSignIn.headers.location).toBe('/login/riverton?destination=9&account=202Invoice&viewMode=1');
});

test('a launch is audited, and only GET performs it', {
  meta: { holds: ['IDP-072'], source: 'project rule' },
}, async () => {
  const browser = await stage.signedIn();
  const started = async () =>
    (await stage.installation.operate('audit.list', { event: 'launch.started', limit: 1000 })) as {
      biller: string;
      details: object;
    }[];
  const before = await started();
  const url = '/launch/riverton/autopay?account=202Invoice&viewMode=1';
  for (const method of ['HEAD', 'POST', 'PUT'] as const) {
    const answer = await stage.installation.server.inject({
      method,
      url,
      cookies: Object.fromEntries(browser.cookies),
    });
    expect([method, answer.statusCode, answer.headers.location]).toEqual([method, 404, undefined]);
  }
  expect(await started()).toHaveLength(before.length);
  await browser.get(url);
  const [event, ...others] = await started();
  expect(others).toHaveLength(before.length);
  expect(event).toMatchObject({ biller: 'riverton', details: { destination: 3, viewMode: 1 } });
});

test('a launch at an unknown biller is refused', {
  meta: { holds: ['IDP-081'], source: 'project rule' },
}, async () => {
  const answer = await stage.installation.server.inject('/launch/nowhere/bills?account=202Invoice');
  expect([answer.statusCode, errorCodeOf(answer)]).toEqual([404, 'biller_unknown']);
});
