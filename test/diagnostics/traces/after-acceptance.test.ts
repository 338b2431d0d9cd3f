import { describe, expect, test } from 'vitest';
import { elementsNamed, postedBy, referenceOf } from '../../support/browser/browser-like.ts';
import { EMAIL, useStage } from '../../support/stage.ts';

const stage = useStage();
type Page = Awaited<ReturnType<typeof stage.bring>>;

/** The checks that failed according to the trace of a refused sign-on. */
async function failedOf(page: Page) {
  const posted = postedBy(page);
  const said = posted === undefined ? undefined : elementsNamed(posted.root, 'StatusMessage')[0]?.text;
  const reference = said === undefined ? referenceOf(page) : /Reference: ([a-z-]+)/.exec(said)?.[1];
  const { trace } = (await stage.installation.operate('trace.show', { reference })) as {
    trace: { code: string; checks: { passed: boolean; code?: string; found?: string }[] };
  };
  const failed = trace.checks.filter(({ passed }) => !passed);
  expect(trace.checks.length - failed.length).toBeGreaterThan(8);
  return { code: trace.code, failed };
}

describe('a failure after the request was accepted is in the trace, after the checks', () => {
  test('no one is signed in, and IsPassive forbids asking', {
    meta: { holds: ['IDP-029'], source: 'project rule' },
  }, async () => {
    const { code, failed } = await failedOf(await stage.bring(stage.stranger(), { attributes: { IsPassive: 'true' } }));
    expect(code).toBe('no_passive');
    expect(failed).toMatchObject([{ code, found: 'IsPassive: the sign-in page would be needed' }]);
  });

  test('the signed-in user is not the one in the Subject', {
    meta: { holds: ['IDP-026'], source: 'project rule' },
  }, async () => {
    const inside = '<saml:Subject><saml:NameID>somebody.else@example.com</saml:NameID></saml:Subject>';
    const { code, failed } = await failedOf(await stage.bring(await stage.signedIn(), { inside }));
    expect(code).toBe('unknown_principal');
    expect(failed).toMatchObject([{ code, found: expect.stringContaining('someone else') }]);
  });

  test('the request was already answered', async () => {
    const browser = await stage.signedIn();
    const parts = { attributes: { ID: '_twice' } };
    expect(postedBy(await stage.bring(browser, parts))).toBeDefined();
    const { code, failed } = await failedOf(await stage.bring(browser, parts));
    expect(code).toBe('request_replayed');
    expect(failed).toMatchObject([{ code, found: expect.stringContaining('_twice') }]);
  });

  test('the portal user has no account', { meta: { holds: ['IDP-070'], source: 'project rule' } }, async () => {
    await stage.installation.addBiller('no-accounts', { keyType: 'EC-P256' });
    await stage.installation.addUser('no-accounts', EMAIL, 'correct horse battery', []);
    const browser = await stage.signedIn('no-accounts');
    const { code, failed } = await failedOf(await stage.bring(browser, {}, undefined, 'no-accounts'));
    expect(code).toBe('account_missing');
    expect(failed).toMatchObject([{ code }]);
  });
});
