import { type KeyObject, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHsm, type Hsm } from '../../../../src/core/keys/hsm/hsm.ts';
import { errorCodeOf, postedBy, requirePosted } from '../../../support/browser/browser-like.ts';
import {
  createTestToken,
  killHelpers,
  type RemoteHsm,
  startRemoteHsm,
  type TestToken,
} from '../../../support/hsm/softhsm.ts';
import { authnRequest, redirectQuery } from '../../../support/saml/authn-request.ts';
import { EMAIL, PASSWORD, useStage } from '../../../support/stage.ts';

const message = Buffer.from('what is signed');
/** When the HSM is silent, tests should not wait long; a helper starting on a busy machine needs more time. */
const PATIENCE = { login: 10_000, answer: 8_000, retry: 0, trust: 0 };

let token: TestToken;
let remote: RemoteHsm;
beforeAll(async () => {
  token = createTestToken();
  remote = await startRemoteHsm(token);
});
afterAll(async () => {
  await remote.stop();
  token.remove();
});

describe('an HSM', () => {
  let hsm: Hsm;
  let key: KeyObject;
  const signs = async () => verify('sha256', message, key, await hsm.sign('mine', message));
  beforeAll(async () => {
    hsm = createHsm(remote.settings, PATIENCE);
    key = await hsm.generate('mine', 'RSA-2048');
  });
  afterAll(() => hsm.close());

  test('is away during a restart, and signs again afterwards', async () => {
    expect(await signs()).toBe(true);
    await remote.stop();
    await expect(hsm.sign('mine', message)).rejects.toMatchObject({ trouble: 'away' });
    await expect(hsm.check()).rejects.toMatchObject({ trouble: 'away' });
    await remote.start();
    expect(await signs()).toBe(true);
  });

  test('signs immediately after an unnoticed restart: the call that finds its session gone is retried', async () => {
    expect(await signs()).toBe(true);
    await remote.stop();
    await remote.start();
    expect(await Promise.all([signs(), signs(), signs()])).toEqual([true, true, true]);
  });

  test('that stops responding is given up, and no caller waits for it until it responds again', async () => {
    expect(await signs()).toBe(true);
    remote.freeze();
    const order: string[] = [];
    const note = (what: string) => () => void order.push(what);
    const first = hsm.sign('mine', message).catch(note('the first is refused'));
    await new Promise(setImmediate);
    order.push('the event loop goes on');
    await first;
    // One call checks whether the HSM is back, and waits for it; the next is refused in the meantime.
    const looking = hsm.sign('mine', message).catch(note('the one that looks is refused'));
    await hsm.sign('mine', message).catch(note('the next is refused'));
    remote.thaw();
    await looking;
    expect(order.slice(0, 3)).toEqual(['the event loop goes on', 'the first is refused', 'the next is refused']);
    expect(await signs()).toBe(true);
  });

  test('whose library crashes does not take down the service', async () => {
    expect(await signs()).toBe(true);
    expect(killHelpers()).toBe(1);
    expect(await signs()).toBe(true);
    // And in the middle of an operation.
    remote.freeze();
    const signatures = Promise.all([signs(), signs()]);
    await new Promise(setImmediate);
    expect(killHelpers()).toBe(1);
    remote.thaw();
    expect(await signatures).toEqual([true, true]);
  });
});

test('a removed token is reported by name, and found again when it is back', async () => {
  const local = createHsm(token.settings, PATIENCE);
  await local.check();
  token.pull();
  killHelpers();
  await expect(local.check()).rejects.toThrow('has no token "ic-idp test"');
  token.putBack();
  expect((await local.check()).model).toBe('SoftHSM v2');
  local.close();
});

describe('sign-on while the HSM is away', () => {
  const stage = useStage({ hsm: () => createHsm(remote.settings, PATIENCE), billerInput: { module: true } });
  const requestUrl = () => `/saml/riverton/sso?${redirectQuery(authnRequest())}`;
  const signOn = async () => (await stage.signedIn()).get(requestUrl());
  const issued = async () =>
    ((await stage.installation.operate('audit.list', { event: 'assertion.issued' })) as unknown[]).length;
  const ready = async () => (await stage.installation.server.inject('/health/ready')).statusCode;
  const problem = async () => {
    const findings = (await stage.installation.operate('doctor', {})) as {
      subject: string;
      level: string;
      finding: string;
    }[];
    return findings.find(({ subject }) => subject === 'module');
  };
  beforeAll(() => stage.addBiller('elsewhere'));

  test('fails with signing_key_unavailable, records no assertion, and works again when the HSM is back', async () => {
    requirePosted(await signOn());
    expect(await ready()).toBe(200);
    const before = await issued();
    await remote.stop();
    const refused = await signOn();
    expect([refused.statusCode, errorCodeOf(refused), refused.headers['retry-after']]).toEqual([
      503,
      'signing_key_unavailable',
      '5',
    ]);
    expect(await issued()).toBe(before);
    // What can be known before the sign-in is reported before it.
    expect(errorCodeOf(await stage.stranger().get(requestUrl()))).toBe('signing_key_unavailable');
    expect(await ready()).toBe(503);
    expect(await problem()).toMatchObject({ level: 'error', finding: expect.stringMatching(/HSM/) });
    // The metadata does not need the HSM, nor do billers with keys in the database.
    expect((await stage.installation.server.inject('/saml/riverton/metadata')).statusCode).toBe(200);
    await remote.start();
    requirePosted(await signOn());
    expect(await ready()).toBe(200);
    expect(await problem()).toMatchObject({ level: 'ok' });
  });

  test('that began earlier is refused after the sign-in, and can be restarted', async () => {
    const browser = stage.stranger();
    const url = requestUrl();
    const login = await browser.follow(await browser.get(url));
    const flow = /name="flow" value="([\w-]+)"/.exec(login.body)?.[1] ?? '';
    const before = await issued();
    await remote.stop();
    const form = { email: EMAIL, password: PASSWORD, flow };
    const refused = await browser.follow(await browser.post('/login/riverton', form));
    expect(errorCodeOf(refused)).toBe('signing_key_unavailable');
    expect(await issued()).toBe(before);
    await remote.start();
    requirePosted(await browser.get(url));
  });

  test('continues for everyone else while the HSM does not respond', async () => {
    requirePosted(await signOn());
    remote.freeze();
    let answered = false;
    const waiting = signOn().then((page) => {
      answered = true;
      return page;
    });
    const live = await stage.installation.server.inject('/health/live');
    expect([live.statusCode, answered]).toEqual([200, false]);
    const page = await waiting;
    remote.thaw();
    expect([errorCodeOf(page), postedBy(page)]).toEqual(['signing_key_unavailable', undefined]);
    requirePosted(await signOn());
  });
});
