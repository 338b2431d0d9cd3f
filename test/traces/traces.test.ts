import { expect, test } from 'vitest';
import { signOnTraces } from '../../src/database/schema.ts';
import { newReference, normaliseReference } from '../../src/web/reference.ts';
import { REFERENCE_WORDS } from '../../src/web/reference-words.ts';
import { useStage } from '../sign-on/stage.ts';
import { elementsNamed, referenceOf, requirePosted } from '../support/browser-like.ts';

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
const kept = async () => (await stage.installation.services.database.orm.select().from(signOnTraces)).length;

test('a reference is three words out of 1,024 different ones, and is found however it was written down', () => {
  expect(new Set(REFERENCE_WORDS).size).toBe(1024);
  expect(REFERENCE_WORDS.filter((word) => !/^[a-z]{3,9}$/.test(word))).toEqual([]);
  const reference = newReference();
  expect(reference).toMatch(/^[a-z]+-[a-z]+-[a-z]+$/);
  expect(newReference()).not.toBe(reference);
  expect(normaliseReference(` ${reference.toUpperCase().replaceAll('-', '  ')} `)).toBe(reference);
});

test('a page’s reference leads to the check that failed, with what was expected and found (project rule)', async () => {
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

test('the reference in an error Response leads to the same (project rule)', async () => {
  const page = await stage.bring(stage.stranger(), {
    attributes: { IsPassive: 'true', Destination: 'https://x.example' },
  });
  const said = elementsNamed(requirePosted(page).root, 'StatusMessage')[0]?.text ?? '';
  const { trace } = await show(/Reference: ([a-z-]+)/.exec(said)?.[1] ?? '');
  expect(trace).toMatchObject({ code: 'destination_wrong' });
});

test('68 names and values of people are masked, and RelayState is not kept (project rule)', async () => {
  const inside = '<saml:Subject><saml:NameID>somebody.else@example.com</saml:NameID></saml:Subject>';
  const page = await stage.bring(await stage.signedIn(), { inside, attributes: { Version: '3' } }, 'account=4711');
  const said = elementsNamed(requirePosted(page).root, 'StatusMessage')[0]?.text ?? '';
  const { trace } = await show(/Reference: ([a-z-]+)/.exec(said)?.[1] ?? '');
  const whole = JSON.stringify(trace);
  expect(whole).not.toMatch(/somebody|example\.com|4711/);
  expect(trace.message?.join('\n')).toContain('saml:NameID s•••m (25 characters)');
});

test('a message that can’t be read leaves a trace as well (project rule)', async () => {
  const page = await stage.stranger().get('/saml/riverton/sso?SAMLRequest=%21');
  const { trace } = await show(referenceOf(page) ?? '');
  expect(trace).toMatchObject({
    code: 'saml_request_malformed',
    checks: [{ passed: false, found: 'SAMLRequest is not base64' }],
  });
});

test('an unknown reference is told what a reference looks like', async () => {
  await expect(show('never-was-one')).rejects.toThrow('There is no trace "never-was-one".');
});

test('a flood of bad requests leaves a bounded number of traces a minute, and all are gone after a week (project rule)', async () => {
  stage.pass(120_000);
  const before = await kept();
  const browser = stage.stranger();
  for (let turn = 0; turn < 150; turn += 1) await browser.get('/saml/riverton/sso?SAMLRequest=%21');
  expect((await kept()) - before).toBe(120);
  stage.pass(6 * 24 * 3600_000);
  await stage.installation.services.tidy();
  expect(await kept()).toBeGreaterThan(0);
  stage.pass(2 * 24 * 3600_000);
  await stage.installation.services.tidy();
  expect(await kept()).toBe(0);
});
