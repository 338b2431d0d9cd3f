import { beforeAll, expect, test } from 'vitest';
import { launchBody } from '../../support/api/launch.ts';
import { createPortalApi, type PortalApi, problemIn } from '../../support/api/portal-api.ts';
import { EMAIL, useStage } from '../../support/stage.ts';

const GUID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const settings = {
  portalUrl: 'https://portal.example/home',
  furtherPortalUrls: ['https://beta.portal.example', 'http://localhost:3000/x'],
  loginTypes: { owner: 1 },
};
const stage = useStage({ billerInput: { billerGuid: GUID, settings } });
let portal: PortalApi;
beforeAll(async () => {
  const added = await stage.installation.operate('api-key.add', { biller: 'riverton', role: 'portal' });
  portal = createPortalApi(stage.installation.server, (added as { key: string }).key);
});
const launch = (over?: Record<string, unknown>) => portal.call('POST', '/api/launches', launchBody(over));
const tickets = async () =>
  Number(
    (
      await stage.installation.services.database.db
        .selectFrom('launchTickets')
        .select(({ fn }) => fn.countAll().as('n'))
        .executeTakeFirstOrThrow()
    ).n,
  );

test('a launch is made: an id, an address with 256 random bits, and when it expires', async () => {
  stage.holdClock();
  const answer = await launch({ refreshUrl: 'https://portal.example/pay?x=1', returnUrl: 'http://localhost:3000/' });
  const { id, url, expiresAt, ...rest } = answer.json();
  expect([answer.statusCode, rest]).toEqual([201, {}]);
  expect(url).toMatch(/^https:\/\/idp\.example\/launch\/t\/[\w-]{43}$/);
  expect(expiresAt).toBe(new Date(stage.now() + 60_000).toISOString());
  const [, ticket = ''] = /\/t\/(.+)$/.exec(url) ?? [];
  expect(Buffer.from(ticket, 'base64url')).toHaveLength(32);
  const kept = JSON.stringify([
    await stage.installation.services.database.db.selectFrom('launchTickets').selectAll().execute(),
    await stage.installation.operate('audit.list', {}),
  ]);
  expect(kept).toContain(id);
  expect(kept).not.toContain(ticket);
  expect((await stage.audited('launch.requested')).details).toMatchObject({ launch: id, destination: 1, viewMode: 0 });
});

test('a launch says who the user is, as PUT does', async () => {
  const user = { id: 'u-2', email: 'two@example.com', accounts: [{ number: '1', role: 'owner' }] };
  await launch({ user, account: '1' });
  expect((await portal.call('GET', '/api/users/u-2')).json()).toEqual(user);
  await launch({ user: { ...user, accounts: [{ number: '2', role: 'owner' }] }, account: '2' });
  expect((await portal.call('GET', '/api/users/u-2')).json().accounts).toEqual([{ number: '2', role: 'owner' }]);
});

const BAD: [Record<string, unknown>, string, string, unknown][] = [
  [
    { account: '999' },
    'account_not_listed',
    'account',
    'account "999": must be the number of one of user.accounts, which has 1.',
  ],
  [{ account: '501invoice' }, 'account_not_listed', 'account', expect.any(String)],
  [{ account: undefined }, 'field_invalid', 'account', 'account: is missing; it must be a text.'],
  [
    { destination: 'nowhere' },
    'field_invalid',
    'destination',
    expect.stringContaining('destination "nowhere": must be bills, paperless'),
  ],
  ...[0, -1, 1.5, '01', 'Bills', '', 1e12, 'toString'].map(
    (destination): [Record<string, unknown>, string, string, unknown] => [
      { destination },
      'field_invalid',
      'destination',
      expect.any(String),
    ],
  ),
  [
    { destination: undefined },
    'field_invalid',
    'destination',
    'destination: is missing; it must be a text or a whole number.',
  ],
  [{ destination: null }, 'field_invalid', 'destination', expect.stringContaining('must be a text or a whole number')],
  [{ viewMode: 2 }, 'field_invalid', 'viewMode', 'viewMode 2: must be 0 or 1.'],
  [{ viewMode: '1' }, 'field_invalid', 'viewMode', 'viewMode "1": must be 0 or 1.'],
  ...['returnUrl', 'refreshUrl'].flatMap((field): [Record<string, unknown>, string, string, unknown][] => [
    [
      { [field]: 'https://evil.example/x?token=s3cret' },
      'url_not_registered',
      field,
      `${field} "https://evil.example/x": must have an origin that is registered for the biller’s portal: https://portal.example, https://beta.portal.example, http://localhost:3000.`,
    ],
    ...[
      'https://portal.example.evil.example',
      'https://portal.example:8443/',
      'http://portal.example/',
      '//portal.example',
      '/pay',
      'https:/portal.example',
      'https://portal.example@evil.example',
      'https://evil.example#https://portal.example',
      'https://portal.example\\@evil.example',
      'javascript:alert(1)',
      ' https://portal.example',
      'https://portal.example/\r\nX: y',
      '',
    ].map((url): [Record<string, unknown>, string, string, unknown] => [
      { [field]: url },
      expect.any(String) as never,
      field,
      expect.stringMatching(/must (be an https URL|have an origin)/),
    ]),
  ]),
  [{ user: { ...launchBody().user, id: '' } }, 'field_invalid', 'user.id', 'user.id "": must not be empty.'],
  [
    { user: { ...launchBody().user, email: 'no' } },
    'field_invalid',
    'user.email',
    expect.stringContaining('must be an email address'),
  ],
  [{ user: 'pat' }, 'field_invalid', 'user', 'user "pat": must be an object.'],
  [
    { returnURL: 'https://portal.example' },
    'field_invalid',
    'returnURL',
    expect.stringContaining('Accepted are user, account, destination, viewMode, returnUrl, refreshUrl.'),
  ],
];

test.each(BAD)('%j is refused as %s, and nothing is made', async (over, code, field, detail) => {
  const before = await tickets();
  const user = { ...launchBody().user, id: 'u-refused' };
  const answer = await launch({ user, ...over });
  expect(problemIn(answer)).toMatchObject({ status: 422, code, field });
  expect(problemIn(answer).detail.split(' Whoever')[0]?.split(' List all')[0]).toEqual(detail);
  expect(answer.body).not.toContain('s3cret');
  expect(await tickets()).toBe(before);
  expect((await portal.call('GET', '/api/users/u-refused')).statusCode).toBe(404);
});

test('a check says what a launch would do, finds every fault, and does nothing', async () => {
  const before = await tickets();
  const user = { id: 'u-checked', email: EMAIL, accounts: [{ number: '7', role: 'owner' }] };
  const check = async (over: Record<string, unknown>) =>
    (await portal.call('POST', '/api/launches/check', launchBody({ user, account: '7', ...over }))).json();
  expect(await check({ destination: 'autopay' })).toEqual({
    ok: true,
    checks: [
      { name: 'account', ok: true, detail: 'account is one of the user’s; its role owner gives LoginType 1.' },
      { name: 'destination', ok: true, detail: 'destination is DeepLinkID 3.' },
      { name: 'viewMode', ok: true, detail: 'viewMode 0: Invoice Cloud shows a whole page.' },
      { name: 'returnUrl', ok: true, detail: expect.stringContaining('is missing') },
      { name: 'refreshUrl', ok: true, detail: expect.stringContaining('is missing') },
      {
        name: 'link',
        ok: true,
        detail: `link leads to https://sso.invoicecloud.com/saml/${GUID}?account=7&ViewMode=0&DeepLinkID=3.`,
      },
    ],
  });
  const { ok, checks } = await check({ account: '8', destination: 'x', returnUrl: 'https://evil.example' });
  expect(ok).toBe(false);
  expect(checks.filter((one: { ok: boolean }) => !one.ok).map(({ name }: { name: string }) => name)).toEqual([
    'account',
    'destination',
    'returnUrl',
  ]);
  expect(await tickets()).toBe(before);
  expect((await portal.call('GET', '/api/users/u-checked')).statusCode).toBe(404);
});

test('an operator makes a launch by hand, with the same checks', async () => {
  const input = { biller: 'riverton', user: 'u-cli', email: EMAIL, accounts: ['9:owner'], destination: 'bills' };
  expect(await stage.installation.operate('launch.make', input)).toMatchObject({
    url: expect.stringMatching(/\/launch\/t\//),
    link: expect.stringContaining('account=9'),
  });
  await expect(stage.installation.operate('launch.make', { ...input, destination: 'x' })).rejects.toMatchObject({
    field: 'destination',
    given: 'x',
  });
  await expect(
    stage.installation.operate('launch.make', { ...input, refreshUrl: 'https://evil.example' }),
  ).rejects.toMatchObject({ field: 'refreshUrl' });
  await expect(stage.installation.operate('launch.make', { ...input, accounts: [] })).rejects.toMatchObject({
    field: 'accounts',
  });
});
