import { expect, test } from 'vitest';
import { newReference, normalizeReference } from '../../../src/platform/util/reference.ts';
import { REFERENCE_WORDS } from '../../../src/platform/util/reference-words.ts';
import { elementsNamed, referenceOf, requirePosted } from '../../support/browser/browser-like.ts';
import { EMAIL, PASSWORD, useStage } from '../../support/stage.ts';

const stage = useStage();
interface Shown {
  readonly biller: string | null;
  readonly trace: {
    readonly code: string;
    readonly binding?: string;
    readonly message?: string[];
    readonly checks: { check: string; passed: boolean; expected?: string; found?: string }[];
  };
}
const show = (reference: string) => stage.installation.operate('trace.show', { reference }) as Promise<Shown>;
const rows = () => stage.installation.services.database.db.selectFrom('signOnTraces').selectAll().execute();
const kept = async () => (await rows()).length;

test('a reference is three of 1,024 words, and is found no matter how it is written', () => {
  expect(new Set(REFERENCE_WORDS).size).toBe(1024);
  expect(REFERENCE_WORDS.filter((word) => !/^[a-z]{3,9}$/.test(word))).toEqual([]);
  const reference = newReference();
  expect(reference).toMatch(/^[a-z]+-[a-z]+-[a-z]+$/);
  expect(newReference()).not.toBe(reference);
  expect(normalizeReference(` ${reference.toUpperCase().replaceAll('-', '  ')} `)).toBe(reference);
});

test('a page’s reference leads to the check that failed, with what was expected and found', async () => {
  const page = await stage.bring(stage.stranger(), { issuer: 'https://other.example' });
  const { biller, trace } = await show(referenceOf(page) ?? '');
  expect(biller).toBe('riverton');
  expect(trace).toMatchObject({ code: 'issuer_unknown', binding: 'HTTP-Redirect' });
  expect(trace.checks.find(({ passed }) => !passed)).toMatchObject({
    check: 'Service Provider is known',
    expected: '"https://sp.example/metadata"',
    found: '"https://other.example"',
  });
  expect(trace.checks.filter(({ passed }) => passed).length).toBeGreaterThan(8);
  expect(trace.message?.[1]).toBe('  saml:Issuer https://other.example');
});

test('the reference in an error Response leads to the same trace', async () => {
  const page = await stage.bring(stage.stranger(), {
    attributes: { IsPassive: 'true', Destination: 'https://x.example' },
  });
  const said = elementsNamed(requirePosted(page).root, 'StatusMessage')[0]?.text ?? '';
  const { trace } = await show(/Reference: ([a-z-]+)/.exec(said)?.[1] ?? '');
  expect(trace).toMatchObject({ code: 'destination_wrong' });
});

test('names and values of people are masked, and RelayState is not kept', {
  meta: { holds: ['IDP-068'], source: 'project rule' },
}, async () => {
  const inside = '<saml:Subject><saml:NameID>somebody.else@example.com</saml:NameID></saml:Subject>';
  const page = await stage.bring(
    await stage.signedIn(),
    { inside, attributes: { Version: '3' } },
    'account=4711Invoice',
  );
  const said = elementsNamed(requirePosted(page).root, 'StatusMessage')[0]?.text ?? '';
  const { trace } = await show(/Reference: ([a-z-]+)/.exec(said)?.[1] ?? '');
  const whole = JSON.stringify(trace);
  expect(whole).not.toMatch(/somebody|example\.com|4711Invoice/);
  expect(trace.message?.join('\n')).toContain('saml:NameID s•••m (25 characters)');
});

test('an email address is masked anywhere in a request', {
  meta: { holds: ['IDP-068'], source: 'project rule' },
}, async () => {
  const SECRET = 'Sam.Secret+bills@mail.example';
  const escaped = encodeURIComponent(SECRET);
  const place = `https://x.example/?user=${SECRET}&amp;again=${escaped}#${SECRET}`;
  const extensions = `<samlp:Extensions><x:Hint xmlns:x="urn:x" who="${SECRET}">for ${SECRET}, now</x:Hint></samlp:Extensions>`;
  const requests = [
    { issuer: SECRET },
    { issuer: ` ${SECRET.padEnd(150, 'x')} ` },
    { attributes: { Version: '3', Destination: place, ProtocolBinding: SECRET }, inside: extensions },
    { attributes: { AssertionConsumerServiceURL: place } },
    { attributes: { ID: SECRET } },
    { attributes: { IssueInstant: SECRET } },
    {
      inside: `<samlp:NameIDPolicy Format="${SECRET}" SPNameQualifier="${SECRET}"/>`,
      attributes: { IsPassive: 'true' },
    },
  ];
  const before = new Set((await rows()).map(({ reference }) => reference));
  for (const parts of requests) await stage.bring(stage.stranger(), parts, SECRET);
  const after = (await rows()).filter(({ reference }) => !before.has(reference));
  expect(after).toHaveLength(requests.length);
  const events = await stage.installation.operate('audit.list', { event: 'sign_on.refused', limit: requests.length });
  for (const written of [JSON.stringify(after), JSON.stringify(events)]) {
    expect(written).not.toMatch(/Secret|mail\.example/i);
    expect(written).toContain('S•••e (29 characters)');
  }
  // The text around it is still shown.
  expect(JSON.stringify(after)).toContain('https://x.example/?user=S•••e (29 characters)&again=');
});

test('a failure after the sign-in leaves a trace too, under the reference shown to both sides', async () => {
  const browser = stage.stranger();
  const inside = '<saml:Subject><saml:NameID>somebody.else@example.com</saml:NameID></saml:Subject>';
  const asked = await stage.bringByPost(browser, { inside }, 'state');
  const login = await browser.follow(asked);
  const flow = /name="flow" value="([\w-]+)"/.exec(login.body)?.[1] ?? '';
  const resumed = await browser.post('/login/riverton', { email: EMAIL, password: PASSWORD, flow });
  const said = elementsNamed(requirePosted(await browser.follow(resumed)).root, 'StatusMessage')[0]?.text ?? '';
  const reference = /Reference: ([a-z]+-[a-z]+-[a-z]+)$/.exec(said)?.[1] ?? '';
  const { biller, trace } = await show(reference);
  expect([biller, trace.code]).toEqual(['riverton', 'unknown_principal']);
  expect(trace.checks).toMatchObject([{ passed: false, code: 'unknown_principal' }]);
  expect(JSON.stringify(trace)).not.toContain('example.com');
  expect(await stage.audited('sign_on.refused')).toMatchObject({ reference });
});

test('a trace lists every check, even after the first failure, for either binding', async () => {
  const page = await stage.bringByPost(stage.stranger(), {
    issuer: 'https://other.example',
    attributes: { Version: '1.0', AssertionConsumerServiceIndex: '7' },
  });
  const { trace } = await show(referenceOf(page) ?? '');
  expect([trace.code, trace.binding]).toEqual(['issuer_unknown', 'HTTP-POST']);
  expect(trace.checks.map(({ check, passed }) => [check, passed])).toEqual([
    ['Message is an AuthnRequest', true],
    ['Service Provider is known', false],
    ['Signature', true],
    ['ID', true],
    ['Assertion Consumer Service is registered', false],
    ['RelayState', true],
    ['IssueInstant', true],
    ['Version', false],
    ['Destination', true],
    ['ProtocolBinding', true],
    ['NameIDPolicy', true],
    ['RequestedAuthnContext', true],
    ['Subject', true],
  ]);
  expect(trace.checks.find(({ check }) => check === 'Version')).toMatchObject({ expected: '"2.0"', found: '"1.0"' });
});

test('a trace that can’t be written does not change what is reported', async () => {
  const { traces } = stage.installation.services;
  const before = await kept();
  const failure = { reference: 'never-was-one', network: '', user: async () => undefined };
  await traces.keep({ ...failure, billerId: undefined }, () => {
    throw new Error('the trace can not be made');
  });
  await traces.keep({ ...failure, billerId: 'no biller has this id' }, () => ({
    code: 'x',
    sentence: 'x',
    detail: 'x',
    checks: [],
  }));
  expect(await kept()).toBe(before);
});

test('a message that can’t be read leaves a trace too', async () => {
  const browser = stage.stranger();
  for (const [binding, page] of [
    ['HTTP-Redirect', await browser.get('/saml/riverton/sso?SAMLRequest=%21')],
    ['HTTP-POST', await browser.post('/saml/riverton/sso', { SAMLRequest: '!' })],
  ] as const) {
    const { trace } = await show(referenceOf(page) ?? '');
    expect(trace).toMatchObject({
      code: 'saml_request_malformed',
      binding,
      checks: [{ passed: false, found: 'SAMLRequest is not base64' }],
    });
  }
});

test('an unknown reference is refused with what a reference looks like', async () => {
  await expect(show('never-was-one')).rejects.toThrow('There is no trace "never-was-one".');
});

test('a flood of bad requests leaves a limited number of traces per minute, and all are deleted after a week', async () => {
  stage.holdClock();
  stage.pass(120_000);
  const before = await kept();
  const browser = stage.stranger();
  const bad = () => browser.get('/saml/riverton/sso?SAMLRequest=%21');
  for (let turn = 0; turn < 150; turn += 1) await bad();
  expect((await kept()) - before).toBe(120);
  stage.pass(60_000);
  await bad();
  expect((await kept()) - before).toBe(121);
  stage.pass(6 * 24 * 3600_000);
  await stage.installation.services.tidy();
  expect(await kept()).toBeGreaterThan(0);
  stage.pass(2 * 24 * 3600_000);
  await stage.installation.services.tidy();
  expect(await kept()).toBe(0);
});
