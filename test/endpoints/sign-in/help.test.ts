import { expect, test } from 'vitest';
import type { BrowserLike } from '../../support/browser/browser-like.ts';
import { EMAIL, PASSWORD, useStage } from '../../support/stage.ts';

const HELP = {
  contactUrl: 'https://riverton.example/help?topic=pay&lang=en#phone',
  contactEmail: 'billing@riverton.example',
  contactPhone: '+1 (555) 010-0100',
  privacyUrl: 'https://riverton.example/privacy',
};
const stage = useStage({
  billerInput: { settings: HELP },
  users: { [EMAIL]: ['1'], 'two@example.com': ['1:owner', '2:owner'] },
});

/** Every kind of page that a portal user of a biller sees. */
async function pagesOf(biller: string, two: string): Promise<Record<string, string>> {
  const browser = stage.stranger();
  const get = async (path: string, one: BrowserLike = browser) => (await one.get(path)).body;
  const post = async (path: string, form: Record<string, string>, one: BrowserLike = browser) =>
    (await one.post(path, form)).body;
  const input = { biller, email: EMAIL };
  const { url } = (await stage.installation.operate('user.reset-password', input)) as { url: string };
  const signedIn = await stage.signedIn(biller);
  const choosing = await stage.signedIn(biller, two);
  return {
    'sign-in': await get(`/login/${biller}`),
    'sign-in that failed': await post(`/login/${biller}`, { email: EMAIL, password: 'wrong' }),
    'signed in': await get(`/login/${biller}`, signedIn),
    'on the way': (await signedIn.follow(await stage.bring(signedIn, {}, undefined, biller))).body,
    'account choice': (await choosing.follow(await stage.bring(choosing, {}, undefined, biller))).body,
    error: await get(`/saml/${biller}/sso?SAMLRequest=%21`),
    'new password': await get(url.replace('https://idp.example', '')),
    'link that is over': await get(`/password/${biller}?link=x`),
    'signed out': await post('/logout', { biller }, signedIn),
  };
}

test('every page of a biller says how to reach it and links its privacy notice', async () => {
  for (const [name, body] of Object.entries(await pagesOf('riverton', 'two@example.com'))) {
    expect(body, name).toContain('Riverton Water');
    expect(body, name).toContain(
      '<a href="https://riverton.example/help?topic&#61;pay&#38;lang&#61;en#phone" target="_blank" rel="noopener noreferrer">Contact Riverton Water',
    );
    expect(body, name).toContain('<a href="mailto:billing@riverton.example">billing@riverton.example</a>');
    expect(body, name).toContain('<a href="tel:+15550100100">+1 (555) 010-0100</a>');
    expect(body, name).toContain('<a href="https://riverton.example/privacy" ');
  }
});

test('a biller that has set none of it has no such links, and a setting is taken away by null', async () => {
  await stage.addBiller('springfield', { settings: HELP });
  await stage.installation.addUser('springfield', 'two@example.com', PASSWORD, ['1:owner', '2:owner']);
  const settings = { contactUrl: null, contactEmail: null, contactPhone: null };
  await stage.installation.operate('biller.update', { slug: 'springfield', settings });
  const privacyOnly = await stage.stranger().get('/login/springfield');
  expect(privacyOnly.body).toContain('>Privacy<');
  expect(privacyOnly.body).not.toContain('>Contact ');
  expect(privacyOnly.body).not.toContain('Below is how to reach them');
  await stage.installation.operate('biller.update', { slug: 'springfield', settings: { privacyUrl: null } });
  for (const [name, body] of Object.entries(await pagesOf('springfield', 'two@example.com'))) {
    expect(body, name).not.toContain('class="help"');
    expect(body, name).not.toMatch(/mailto:|tel:|Privacy/);
  }
});

test('the sign-in says whom to ask for a new password', async () => {
  expect((await stage.stranger().get('/login/riverton')).body).toContain(
    'Forgot your password? Ask Riverton Water for a link to choose a new one. Below is how to reach them.',
  );
});

test('the way back is a link if the biller has a portal, and words otherwise', async () => {
  const broken = '/saml/riverton/sso?SAMLRequest=%21';
  const stale = { attributes: { IssueInstant: '2020-01-01T00:00:00Z' } };
  const page = async () => (await stage.bring(stage.stranger(), stale)).body;
  expect(await page()).toContain(
    'Go back to Riverton Water’s website and choose “Pay my bill” again. The address of the website is on your bill.',
  );
  // It is no help to be sent back where the same would happen again.
  expect((await stage.stranger().get(broken)).body).not.toContain('on your bill');
  const portalUrl = 'https://portal.example/pay';
  await stage.installation.operate('biller.update', { slug: 'riverton', settings: { portalUrl } });
  const withPortal = await page();
  expect(withPortal).toContain(`href="${portalUrl}"`);
  expect(withPortal).not.toContain('on your bill');
  const out = await (await stage.signedIn()).post('/logout', { biller: 'riverton' });
  expect(out.body).toContain(`<a class="primary" href="${portalUrl}">Back to Riverton Water</a>`);
  expect(out.body).toContain('you may still be signed in there: sign out there too');
});
