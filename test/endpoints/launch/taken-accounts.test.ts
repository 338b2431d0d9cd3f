import { beforeAll, expect, test } from 'vitest';
import { launchBody, pathOf } from '../../support/api/launch.ts';
import { createPortalApi, type PortalApi } from '../../support/api/portal-api.ts';
import { errorCodeOf, requirePosted } from '../../support/browser/browser-like.ts';
import { useStage } from '../../support/stage.ts';

const stage = useStage();
let portal: PortalApi;
beforeAll(async () => {
  const added = await stage.installation.operate('api-key.add', { biller: 'riverton', role: 'portal' });
  portal = createPortalApi(stage.installation.server, (added as { key: string }).key);
});

test('a launch for an account that was taken away since signs on for no other one', async () => {
  const accounts = ['101Invoice', '102Invoice'].map((number) => ({ number, role: 'owner' }));
  const user = { id: 'u-1', email: 'pat@example.com', accounts };
  const answer = await portal.call('POST', '/api/launches', launchBody({ user, account: '101Invoice' }));
  const browser = stage.stranger();
  await browser.get(pathOf((answer.json() as { url: string }).url));
  await portal.call('PUT', '/api/users/u-1', { email: user.email, accounts: accounts.slice(1) });
  expect(errorCodeOf(await stage.bring(browser))).toBe('account_forbidden');
  // The next sign-on, without a launch, is for the account that is left.
  expect(requirePosted(await stage.bring(browser)).xml).toContain('>102Invoice<');
});

test('of nine sign-ons that wait in one browser, the oldest is given up', async () => {
  const browser = stage.stranger();
  for (let times = 0; times < 8; times += 1) await stage.bring(browser);
  const names = [...browser.cookies.keys()].filter((name) => name.includes('flow'));
  const ninth = await stage.bring(browser);
  const cleared = ninth.cookies.filter(({ value }) => value === '').map(({ name }) => name);
  expect(cleared).toEqual(names.slice(0, 1));
});
