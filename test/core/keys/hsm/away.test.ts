import { type KeyObject, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createModule, type HardwareModule } from '../../../../src/core/keys/hsm/module.ts';
import { authnRequest, redirectQuery } from '../../../support/authn-request.ts';
import { createBrowserLike, errorCodeOf, postedBy, requirePosted } from '../../../support/browser-like.ts';
import { startInstallation, type TestInstallation } from '../../../support/installation.ts';
import {
  createTestToken,
  killHelpers,
  type RemoteModule,
  startRemoteModule,
  type TestToken,
} from '../../../support/softhsm.ts';

const message = Buffer.from('what is signed');
/** Where the module is silent, nobody waits long; a helper that starts on a busy machine has time enough. */
const PATIENCE = { login: 10_000, answer: 8_000, retry: 0, trust: 0 };

let token: TestToken;
let remote: RemoteModule;
beforeAll(async () => {
  token = createTestToken();
  remote = await startRemoteModule(token);
});
afterAll(async () => {
  await remote.stop();
  token.remove();
});

describe('a module', () => {
  let module: HardwareModule;
  let key: KeyObject;
  const signs = async () => verify('sha256', message, key, await module.sign('mine', message));
  beforeAll(async () => {
    module = createModule(remote.settings, PATIENCE);
    key = await module.generate('mine', 'RSA-2048');
  });
  afterAll(() => module.close());

  test('that is restarted is away meanwhile, and signs again afterwards', async () => {
    expect(await signs()).toBe(true);
    await remote.stop();
    await expect(module.sign('mine', message)).rejects.toMatchObject({ trouble: 'away' });
    await expect(module.check()).rejects.toMatchObject({ trouble: 'away' });
    await remote.start();
    expect(await signs()).toBe(true);
  });

  test('that was restarted unnoticed signs at once: the call that finds its session gone is made again', async () => {
    expect(await signs()).toBe(true);
    await remote.stop();
    await remote.start();
    expect(await Promise.all([signs(), signs(), signs()])).toEqual([true, true, true]);
  });

  test('that falls silent is given up after a while, and nobody waits for it until it speaks again', async () => {
    expect(await signs()).toBe(true);
    remote.freeze();
    const order: string[] = [];
    const note = (what: string) => () => void order.push(what);
    const first = module.sign('mine', message).catch(note('the first is refused'));
    await new Promise(setImmediate);
    order.push('the event loop goes on');
    await first;
    // One looks whether the module is back, and waits for that; the next is refused meanwhile.
    const looking = module.sign('mine', message).catch(note('the one that looks is refused'));
    await module.sign('mine', message).catch(note('the next is refused'));
    remote.thaw();
    await looking;
    expect(order.slice(0, 3)).toEqual(['the event loop goes on', 'the first is refused', 'the next is refused']);
    expect(await signs()).toBe(true);
  });

  test('whose library crashes does not take the service with it', async () => {
    expect(await signs()).toBe(true);
    expect(killHelpers()).toBe(1);
    expect(await signs()).toBe(true);
    // And in the middle of its work.
    remote.freeze();
    const signatures = Promise.all([signs(), signs()]);
    await new Promise(setImmediate);
    expect(killHelpers()).toBe(1);
    remote.thaw();
    expect(await signatures).toEqual([true, true]);
  });
});

test('a token that was pulled out is missed by its name, and found when it is back', async () => {
  const local = createModule(token.settings, PATIENCE);
  await local.check();
  token.pull();
  killHelpers();
  await expect(local.check()).rejects.toThrow('has no token "ic-idp test"');
  token.putBack();
  expect((await local.check()).model).toBe('SoftHSM v2');
  local.close();
});

describe('sign-on while the module is away', () => {
  let installation: TestInstallation;
  const PASSWORD = 'correct horse battery';
  const requestUrl = () => `/saml/riverton/sso?${redirectQuery(authnRequest())}`;
  const signOn = async () => {
    const browser = createBrowserLike(installation.server);
    await browser.signIn('riverton', 'pat@example.com', PASSWORD);
    return browser.get(requestUrl());
  };
  const issued = async () =>
    ((await installation.operate('audit.list', { event: 'assertion.issued' })) as unknown[]).length;
  const ready = async () => (await installation.server.inject('/health/ready')).statusCode;
  const problem = async () => {
    const findings = (await installation.operate('doctor', {})) as {
      subject: string;
      level: string;
      finding: string;
    }[];
    return findings.find(({ subject }) => subject === 'module');
  };
  beforeAll(async () => {
    installation = await startInstallation({ module: createModule(remote.settings, PATIENCE) });
    await installation.addBiller('riverton', { module: true });
    await installation.addUser('riverton', 'pat@example.com', PASSWORD, ['101Invoice:owner']);
    await installation.addBiller('elsewhere');
  });
  afterAll(() => installation.close());

  test('answers signing_key_unavailable, writes no assertion down, and works again when it is back', async () => {
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
    // What can be known before the sign-in is told before it.
    const stranger = createBrowserLike(installation.server);
    expect(errorCodeOf(await stranger.get(requestUrl()))).toBe('signing_key_unavailable');
    expect(await ready()).toBe(503);
    expect(await problem()).toMatchObject({ level: 'error', finding: expect.stringMatching(/hardware module/) });
    // The metadata needs no module, and neither do billers whose keys are in the database.
    expect((await installation.server.inject('/saml/riverton/metadata')).statusCode).toBe(200);
    await remote.start();
    requirePosted(await signOn());
    expect(await ready()).toBe(200);
    expect(await problem()).toMatchObject({ level: 'ok' });
  });

  test('that began before is refused after the sign-in, and can be begun again', async () => {
    const browser = createBrowserLike(installation.server);
    const url = requestUrl();
    const login = await browser.follow(await browser.get(url));
    const flow = /name="flow" value="([\w-]+)"/.exec(login.body)?.[1] ?? '';
    const before = await issued();
    await remote.stop();
    const form = { email: 'pat@example.com', password: PASSWORD, flow };
    const refused = await browser.follow(await browser.post('/login/riverton', form));
    expect(errorCodeOf(refused)).toBe('signing_key_unavailable');
    expect(await issued()).toBe(before);
    await remote.start();
    requirePosted(await browser.get(url));
  });

  test('goes on for everybody else while the module is silent', async () => {
    requirePosted(await signOn());
    remote.freeze();
    let answered = false;
    const waiting = signOn().then((page) => {
      answered = true;
      return page;
    });
    const live = await installation.server.inject('/health/live');
    expect([live.statusCode, answered]).toEqual([200, false]);
    const page = await waiting;
    remote.thaw();
    expect([errorCodeOf(page), postedBy(page)]).toEqual(['signing_key_unavailable', undefined]);
    requirePosted(await signOn());
  });
});
