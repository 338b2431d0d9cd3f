import { describe, expect, test } from 'vitest';
import { createBrowserLike } from '../../support/browser/browser-like.ts';
import { TEST_ACS, TEST_SP } from '../../support/installation.ts';
import { authnRequest, redirectQuery } from '../../support/saml/authn-request.ts';
import { EMAIL, PASSWORD, useStage } from '../../support/stage.ts';

interface Listed {
  readonly event: string;
  readonly address: string | null;
}

const CLIENT = '203.0.113.7';
const stage = useStage({ trustProxy: 'loopback' });
const list = async (filters: Record<string, unknown>) =>
  (await stage.installation.operate('audit.list', filters)) as Listed[];
const events = async (filters: Record<string, unknown>) => (await list(filters)).map(({ event }) => event).sort();

/** Sends requests as the reverse proxy does: it appends the client that it saw. */
function behindProxy(client: string) {
  const { server } = stage.installation;
  const from = { inject: (options: object) => server.inject({ ...options, headers: withClient(options) }) };
  const withClient = (options: { headers?: object }) => ({
    ...options.headers,
    'x-forwarded-for': `8.8.8.8, ${client}`,
  });
  return createBrowserLike(from as typeof server);
}

describe('events that a request caused name its client, by the rule of TRUST_PROXY', () => {
  test('sign-in, sign-on, refusals, launches and sign-out', async () => {
    const browser = behindProxy(CLIENT);
    await browser.post('/login/riverton', { email: EMAIL, password: 'wrong password' });
    await browser.signIn('riverton', EMAIL, PASSWORD);
    await stage.bring(browser);
    await stage.bring(browser, { attributes: { Version: '1.1' } });
    await browser.get('/launch/riverton/1?account=101Invoice');
    await browser.get('/launch/riverton/1?account=999Invoice');
    await browser.post('/logout', { biller: 'riverton' });
    const caused = ['assertion.issued', 'launch.refused', 'launch.started', 'session.ended', 'sign_in.failed'];
    const expected = [...caused, 'sign_in.succeeded', 'sign_on.refused'];
    expect(await events({ address: CLIENT })).toEqual(expected);
    // Listed by network too, and by an address as a socket that listens on IPv6 spells it.
    expect(await events({ address: '203.0.113.0/24' })).toEqual(expected);
    expect(await events({ address: `::ffff:${CLIENT}` })).toEqual(expected);
    // The first part of X-Forwarded-For is what the client claims.
    expect(await events({ address: '8.8.8.8' })).toEqual([]);
    expect(await events({ address: '203.0.113.8' })).toEqual([]);
    // What an operator does comes from no address.
    const [added] = await list({ event: 'user.added' });
    expect(added?.address).toBeNull();
  });

  test('an IPv6 client, and a proxy that sends no address', async () => {
    await stage.bring(behindProxy('2001:DB8::0:7'), { attributes: { Version: '1.1' } });
    expect((await list({ address: '2001:db8::/32' })).map(({ address }) => address)).toEqual(['2001:db8::7']);
    const before = (await list({ event: 'sign_on.refused' })).length;
    await stage.bring(behindProxy('unknown'), { attributes: { Version: '1.1' } });
    expect(await list({ event: 'sign_on.refused' })).toHaveLength(before + 1);
    for (const address of ['nowhere', '10.0.0.0/33', '']) {
      await expect(list({ address })).rejects.toThrow('must be an IP address or a network');
    }
  });
});

describe('an assertion is found by its account and login type', () => {
  test('which the database alone does not reveal', async () => {
    await stage.addBiller('springfield', { settings: { accounts: 'all', loginTypes: { owner: 1 } } });
    await stage.installation.operate('user.update', {
      biller: 'springfield',
      email: EMAIL,
      accounts: ['101Invoice:owner', '202Invoice:guest'],
    });
    const browser = await stage.signedIn('springfield');
    await browser.get('/launch/springfield/1?account=101Invoice');
    await stage.bring(browser, {}, undefined, 'springfield');
    const found = (filters: Record<string, unknown>) => events({ event: 'assertion.issued', ...filters });
    const springfield = { biller: 'springfield', account: '101Invoice' };
    expect(await found(springfield)).toEqual(['assertion.issued']);
    expect(await found({ ...springfield, loginType: 1 })).toEqual(['assertion.issued']);
    expect(await found({ ...springfield, loginType: '5' })).toEqual([]);
    // This biller gets all accounts in the assertion.
    expect(await found({ ...springfield, account: '202Invoice' })).toEqual(['assertion.issued']);
    expect(await found({ ...springfield, account: '303Invoice' })).toEqual([]);
    expect(await events({ ...springfield, event: 'launch.started' })).toEqual(['launch.started']);

    const hashes = { name: 'test-hashes', text: 'select distinct account_hash, login_type_hash from audit_events' };
    const rows = await stage.installation.services.database.query<Record<string, string | null>>(hashes, []);
    const stored = rows.flatMap((row) => Object.values(row)).filter((hash) => hash !== null);
    for (const hash of stored) expect(hash).toMatch(/^[\w-]{22}$/);
    // The same account number and login type at two billers: nothing connects them.
    const ofBillers = rows.filter(({ login_type_hash }) => login_type_hash !== null);
    expect(new Set(ofBillers.flatMap((row) => Object.values(row))).size).toBe(2 * ofBillers.length);
    expect(ofBillers.length).toBeGreaterThan(1);
    const everything = {
      name: 'test-everything',
      text: "select string_agg(to_jsonb(e)::text, ' ') as text from audit_events e",
    };
    const [all] = await stage.installation.services.database.query<{ text: string }>(everything, []);
    expect(all?.text).not.toMatch(/\d{3}Invoice|pat@/);
  });

  test('whose hash nobody gets by signing in with a text made up for that', async () => {
    const { id } = await stage.installation.services.billers.bySlug('riverton');
    const { keyedHash } = stage.installation.services;
    for (const text of [JSON.stringify([id, '101invoice']), '101invoice']) {
      expect(keyedHash.email(text)).not.toBe(keyedHash.account(id, '101invoice'));
    }
  });

  test('only where the search says which one', async () => {
    await expect(list({ account: '101Invoice' })).rejects.toThrow('An account is looked up at a biller');
    await expect(list({ biller: 'riverton', loginType: 1 })).rejects.toThrow('A login type is stored together');
  });
});

test('a client that no trusted proxy stands before cannot choose its address', async () => {
  const { server } = stage.installation;
  const query = redirectQuery(authnRequest({ attributes: { Version: '1.1' } }));
  const answer = await server.inject({
    url: `/saml/riverton/sso?${query}`,
    remoteAddress: '198.51.100.9',
    headers: { 'x-forwarded-for': '192.0.2.1' },
  });
  expect(answer.statusCode).toBeLessThan(500);
  expect(await events({ address: '198.51.100.9' })).toEqual(['sign_on.refused']);
  expect(await events({ address: '192.0.2.1' })).toEqual([]);
});

describe('what operators change', () => {
  const newest = async (filters: Record<string, unknown>) => {
    const [found] = (await stage.installation.operate('audit.list', filters)) as { details: Record<string, unknown> }[];
    return found?.details;
  };

  test('to where assertions go is in the audit with the values, before and after', async () => {
    expect(await newest({ biller: 'riverton', event: 'biller.added' })).toMatchObject({
      acs: [TEST_ACS],
      entityId: TEST_SP,
    });
    const acs = 'https://other.example/acs';
    await stage.addBiller('moved');
    await stage.installation.operate('biller.update', {
      slug: 'moved',
      entityId: TEST_SP,
      acs: [acs],
      settings: { viewMode: 1 },
    });
    const { changed, differences } = (await newest({ biller: 'moved', event: 'biller.updated' })) as Record<
      string,
      string[]
    >;
    expect(changed).toEqual(['acs', 'viewMode']);
    expect(differences).toEqual([
      expect.stringMatching(/^acs: .*sp\.example\/acs.* -> .*other\.example\/acs/),
      'viewMode: 0 -> 1',
    ]);
  });

  test('in the accounts of a portal user is found by the account', async () => {
    const email = 'grace@example.com';
    await stage.installation.addUser('riverton', email, PASSWORD, ['505Invoice']);
    await stage.installation.operate('user.update', { biller: 'riverton', email, accounts: ['606Invoice'] });
    const about = (account: string) => events({ biller: 'riverton', account });
    expect([await about('505Invoice'), await about('606Invoice')]).toEqual([['user.added'], ['user.updated']]);
  });
});

test('a stranger who fetches a one-time metadata URL is in the audit, with the address', async () => {
  await stage.addBiller('handed', { settings: { monitors: ['198.51.100.0/24'] } });
  await stage.installation.operate('key.stage', { biller: 'handed', keyType: 'EC-P256' });
  const { url } = (await stage.installation.operate('key.hand-over', { biller: 'handed' })) as { url: string };
  const path = new URL(url).pathname + new URL(url).search;
  const browse = { 'sec-fetch-mode': 'navigate' };
  const { statusCode } = await stage.installation.server.inject({
    url: path,
    remoteAddress: '192.0.2.77',
    headers: browse,
  });
  expect(statusCode).toBe(403);
  expect(await events({ address: '192.0.2.77' })).toEqual(['key.fetch_refused']);
  await stage.installation.server.inject({ url: path.replace(/=.*/, '=guess'), remoteAddress: '192.0.2.78' });
  expect(await events({ address: '192.0.2.78' })).toEqual([]);
});
