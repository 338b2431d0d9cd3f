import { beforeAll, expect, test } from 'vitest';
import { createPortalApi, type PortalApi, problemIn } from '../../support/api/portal-api.ts';
import { EMAIL, useStage } from '../../support/stage.ts';

const stage = useStage();
const ACCOUNTS = [
  { number: '101Invoice', role: 'owner' },
  { number: '202 Invoice/é', role: 'co-owner' },
];
let portal: PortalApi;

async function newPortal(biller = 'riverton'): Promise<PortalApi> {
  const { key } = (await stage.installation.operate('api-key.add', { biller, role: 'portal' })) as { key: string };
  return createPortalApi(stage.installation.server, key);
}
beforeAll(async () => {
  portal = await newPortal();
});

test('a user is put, read, replaced and removed', async () => {
  const path = `/api/users/${encodeURIComponent('u/1 ä')}`;
  const put = await portal.call('PUT', path, { email: EMAIL, accounts: ACCOUNTS });
  const said = { id: 'u/1 ä', email: EMAIL, accounts: ACCOUNTS };
  expect([put.statusCode, put.headers['cache-control'], put.json()]).toEqual([200, 'no-store', said]);
  expect((await portal.call('GET', path)).json()).toEqual(said);
  expect(await stage.audited('user.added')).toMatchObject({ details: { actor: `API key ${portal.key.slice(6, 18)}` } });
  await portal.call('PUT', path, { email: 'new@example.com', accounts: [] });
  expect((await portal.call('GET', path)).json()).toEqual({ id: 'u/1 ä', email: 'new@example.com', accounts: [] });
  expect((await stage.audited('user.updated')).details).toMatchObject({ changed: ['email', 'accounts'] });
  expect((await portal.call('DELETE', path)).statusCode).toBe(204);
  const gone = await portal.call('DELETE', path);
  expect(problemIn(gone)).toMatchObject({ status: 404, code: 'user_unknown' });
  expect((await portal.call('GET', path)).statusCode).toBe(404);
});

test('a user is removed also by a client that declares JSON with every call', async () => {
  const json = { 'content-type': 'application/json' };
  await portal.call('PUT', '/api/users/u-json', { email: EMAIL, accounts: ACCOUNTS });
  expect((await portal.call('DELETE', '/api/users/u-json', undefined, json)).statusCode).toBe(204);
  const nothingSaid = await portal.call('PUT', '/api/users/u-json', undefined, json);
  expect(problemIn(nothingSaid)).toMatchObject({ status: 422, code: 'json_unreadable' });
});

test('what one biller’s key says is nothing to another biller', async () => {
  await stage.addBiller('lakeside');
  const other = await newPortal('lakeside');
  await portal.call('PUT', '/api/users/u-2', { email: EMAIL, accounts: ACCOUNTS });
  for (const method of ['GET', 'DELETE'] as const) {
    expect(problemIn(await other.call(method, '/api/users/u-2'))).toMatchObject({ code: 'user_unknown' });
  }
  await other.call('PUT', '/api/users/u-2', { email: 'other@example.com', accounts: [] });
  expect((await portal.call('GET', '/api/users/u-2')).json()).toMatchObject({ email: EMAIL, accounts: ACCOUNTS });
});

test('10,000 accounts are taken, and 10,001 are not', async () => {
  const many = Array.from({ length: 10_001 }, (_, n) => ({ number: `${n}`.padStart(100, 'x'), role: 'owner' }));
  const body = (accounts: unknown) => ({ email: EMAIL, accounts });
  expect((await portal.call('PUT', '/api/users/u-3', body(many.slice(1)))).statusCode).toBe(200);
  expect(problemIn(await portal.call('PUT', '/api/users/u-3', body(many)))).toMatchObject({
    status: 422,
    field: 'accounts',
    detail: 'accounts: must have at most 10,000 elements.',
  });
  expect((await portal.call('GET', '/api/users/u-3')).json().accounts).toHaveLength(10_000);
});

const account = (number: unknown, role: unknown = 'owner') => ({ email: EMAIL, accounts: [{ number, role }] });
const mail = (email: unknown) => ({ email, accounts: [] });
test.each([
  [mail('nobody'), 'email', 'email "n•••y (6 characters)": must be an email address such as pat@example.com.'],
  ...['pat@', '@example.com', 'a b@example.com', ' pat@example.com', 'pat@example..com', 'pat@.com', 'a@b@c', 'p@x,y']
    .concat([
      'pat@example.com\n',
      'p\u0000@x.com',
      '.pat@x.com',
      `${'a'.repeat(65)}@x.com`,
      '<pat@x.com>',
      'pat@-x.com',
    ])
    .map((email) => [mail(email), 'email', expect.stringContaining('must be an email address')]),
  [mail(undefined), 'email', 'email: is missing; it must be a text.'],
  [mail(7), 'email', 'email 7: must be a text.'],
  [mail(null), 'email', 'email: must be a text.'],
  [account('1\u0001'), 'accounts.0.number', expect.stringMatching(/number "1\\u\{1\}": must have 1 to 100 characters/)],
  ...['', ' 1', '1\t', 'x'.repeat(101), '\ud800', '1\u202e2', '1\ufffe'].map((number) => [
    account(number),
    'accounts.0.number',
    expect.stringContaining('must have 1 to 100 characters'),
  ]),
  [account(101), 'accounts.0.number', 'accounts.0.number 101: must be a text.'],
  [account('1', ''), 'accounts.0.role', expect.stringContaining('must begin with a letter')],
  [{ email: EMAIL, accounts: [{ number: '1' }] }, 'accounts.0.role', expect.stringContaining('is missing')],
  [
    { email: EMAIL, accounts: [ACCOUNTS[0], ACCOUNTS[0]] },
    'accounts.1.number',
    'accounts.1.number "101Invoice": is given twice.',
  ],
  [{ ...mail(EMAIL), name: 'Pat' }, 'name', 'name: is not known here. Accepted are email, accounts.'],
  [
    { email: EMAIL, accounts: [{ ...ACCOUNTS[0], owner: true }] },
    'accounts.0.owner',
    'accounts.0.owner: is not known here. Accepted are number, role.',
  ],
  [`{"email":"${EMAIL}","accounts":[],"__proto__":{"x":1}}`, '__proto__', expect.stringContaining('is not known here')],
  [{ email: EMAIL }, 'accounts', 'accounts: is missing; it must be an array.'],
  [{ email: EMAIL, accounts: {} }, 'accounts', 'accounts: must be an array.'],
  [[], 'the body', 'the body: must be an object.'],
  ['null', 'the body', 'the body: must be an object.'],
  ['"text"', 'the body', 'the body "text": must be an object.'],
])('%j is refused with the field, the value and what is accepted', async (body, field, detail) => {
  const answer = await portal.call('PUT', '/api/users/u-4', body);
  expect(problemIn(answer)).toMatchObject({ status: 422, code: 'field_invalid', field, detail });
  expect((await portal.call('GET', '/api/users/u-4')).statusCode).toBe(404);
});

test.each([
  ['', 'The body is empty. It must be one JSON value in UTF-8.'],
  ['{"email": "pat@example.com",}', 'The body is no JSON: see line 1, column 29. It must be one JSON value in UTF-8.'],
  ['{\n"email', 'The body is no JSON: see line 2, column 7. It must be one JSON value in UTF-8.'],
])('a body like %j is refused with the place', async (body, detail) => {
  const headers = { 'content-type': 'application/json' };
  const answer = await portal.call('PUT', '/api/users/u-4', body, headers);
  expect(problemIn(answer)).toMatchObject({ status: 422, code: 'json_unreadable', detail });
});

test('a body that is no JSON by its type, or too large, is refused as such', async () => {
  const form = await portal.call('PUT', '/api/users/u-4', 'email=x', {
    'content-type': 'application/x-www-form-urlencoded',
  });
  expect(problemIn(form)).toMatchObject({ status: 415, code: 'json_required' });
  expect(form.headers['accept-post']).toBe('application/json');
  const large = await portal.call('PUT', '/api/users/u-4', ' '.repeat(2 * 1024 * 1024 + 1));
  expect(problemIn(large)).toMatchObject({ status: 413, code: 'body_too_large' });
});

test.each([
  ['x'.repeat(256), 'must have at most 255 characters'],
  [encodeURIComponent('ä'.repeat(256)), 'must have at most 255 characters'],
  ['a%00b', 'must have no control characters'],
  ['%20a', 'must have no control characters, and no white space around it'],
])('the ID %s is refused', async (id, accepted) => {
  const answer = await portal.call('PUT', `/api/users/${id}`, { email: EMAIL, accounts: [] });
  expect(problemIn(answer)).toMatchObject({ field: 'id', detail: expect.stringContaining(accepted) });
});

test('what is no call of the API is answered as one, also where the address can’t be read', async () => {
  for (const path of ['/api', '/api/', '/api/nothing', '/api/users', '/api/users/a/b']) {
    expect(problemIn(await portal.call('GET', path))).toMatchObject({ status: 404, code: 'route_unknown' });
  }
  expect((await portal.call('GET', '/api/users/%zz', undefined, { accept: 'application/json' })).statusCode).toBe(400);
});
