import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attempt, type post, type Stage, setStage } from './support.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

async function landing(of: Stage, response: Awaited<ReturnType<typeof post>>, accept: string) {
  const cookies = Object.fromEntries(response.cookies.map(({ name, value }) => [name, value]));
  return of.app.inject({ url: String(response.headers.location), headers: { accept }, cookies });
}

describe('a good Response', () => {
  test('leads to the page that the link asked for, which shows what was received', async () => {
    const response = await attempt(stage);
    expect(response.statusCode).toBe(303);
    expect(response.headers.location).toBe(`/pay/${stage.guid}/autopay`);
    expect(response.cookies).toMatchObject([{ sameSite: 'Lax', httpOnly: true, path: `/pay/${stage.guid}` }]);
    const facts = await landing(stage, response, 'application/json');
    expect(facts.json()).toMatchObject({
      account: '101Invoice',
      email: 'pat@example.com',
      loginType: 5,
      loginTypeMeaning: 'Portal user',
      viewMode: 0,
      deepLinkId: 3,
      destination: 'autopay',
      nameId: 'pat@example.com',
      issuer: stage.idp.entityId,
    });
    const page = (await landing(stage, response, 'text/html')).body;
    expect(page).toContain('<span data-testid="account">101Invoice</span>');
    expect(page).toContain('<span data-testid="email">pat@example.com</span>');
    expect(page).toContain('<span data-testid="login-type">5</span>');
    expect(page).toContain('<span data-testid="destination">autopay</span>');
    expect(page).toContain('<span data-testid="view-mode">0</span>');
    expect(page).toContain('<header');
  });

  test('is accepted when Response and assertion are both signed', async () => {
    expect((await attempt(stage, { sign: 'both' })).statusCode).toBe(303);
  });

  test('in ViewMode 1 gives a partitioned cookie and a page without header and footer that may be framed', async () => {
    const response = await attempt(stage, {}, 'account=101Invoice&ViewMode=1&DeepLinkID=13');
    expect(response.headers.location).toMatch(new RegExp(`^/pay/${stage.guid}/13\\?ViewMode=1&Frame=\\w+$`));
    expect(response.headers['set-cookie']).toMatch(/; Secure; SameSite=None; Partitioned|Partitioned.*SameSite=None/);
    const page = await landing(stage, response, 'text/html');
    expect(page.body).toContain('Page 13');
    expect(page.body).toContain('<span data-testid="view-mode">1</span>');
    expect(page.body).not.toContain('<header');
    expect(page.body).not.toContain('<footer');
    expect(page.headers['content-security-policy']).toContain('frame-ancestors *');
  });

  test.each([
    [1, 'bills', 'Amount due'],
    [2, 'paperless', 'How your bills reach you'],
    [3, 'autopay', 'Turn AutoPay on'],
    [5, 'payment-methods', 'Saved payment methods'],
    [9, 'scheduled-payments', 'Upcoming payments'],
  ])('DeepLinkID %i is the page %s', async (deepLinkId, slug, words) => {
    const response = await attempt(stage, {}, `account=101Invoice&ViewMode=0&DeepLinkID=${deepLinkId}`);
    expect(response.headers.location).toBe(`/pay/${stage.guid}/${slug}`);
    const page = await landing(stage, response, 'text/html');
    expect(page.body).toContain(words);
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(page.headers['cache-control']).toBe('no-store');
  });

  test('shows hostile claim values as text', async () => {
    const response = await attempt(stage, {
      claims: [
        ['Email', 'pat@example.com'],
        ['LoginType', '5'],
        ['AccountNumber', '101Invoice'],
        ['Other', '&lt;script&gt;alert(1)&lt;/script&gt;'],
      ],
    });
    const page = (await landing(stage, response, 'text/html')).body;
    expect(page).toContain('&#60;script&#62;alert(1)');
    expect(page).not.toContain('<script>alert');
  });
});

describe('settings in the onboarding form', () => {
  test('Response signature required: a signed assertion is not enough', async () => {
    const strict = await setStage({ responseSignatureRequired: 'on' });
    try {
      expect((await attempt(strict)).json()).toMatchObject({
        reason: expect.stringMatching(/Invalid document signature/),
      });
      expect((await attempt(strict, { sign: 'both' })).statusCode).toBe(303);
    } finally {
      await strict.close();
    }
  });

  test('no account expected: the one in the link is used; claims have the configured names', async () => {
    const other = await setStage({
      claimAccountNumber: '',
      claimEmail: 'mail',
      claimLoginType: 'urn:type',
      loginTypeMeanings: '',
    });
    try {
      const response = await attempt(other, {
        claims: [
          ['mail', 'pat@example.com'],
          ['urn:type', '1'],
        ],
      });
      expect((await landing(other, response, 'application/json')).json()).toMatchObject({
        account: '101Invoice',
        loginType: 1,
        loginTypeMeaning: null,
      });
    } finally {
      await other.close();
    }
  });
});

describe('the payment pages', () => {
  test('say so if the user is not signed in', async () => {
    const page = await stage.app.inject({ url: `/pay/${stage.guid}/bills` });
    expect(page.statusCode).toBe(403);
    expect(page.body).toContain('You are not signed in');
    const json = await stage.app.inject({ url: `/pay/${stage.guid}/bills`, headers: { accept: 'application/json' } });
    expect(json.json()).toMatchObject({ error: 'not-signed-in' });
  });

  test('have buttons that change nothing', async () => {
    const response = await attempt(stage);
    const cookies = Object.fromEntries(response.cookies.map(({ name, value }) => [name, value]));
    const pressed = await stage.app.inject({ method: 'POST', url: String(response.headers.location), cookies });
    expect(pressed.statusCode).toBe(303);
    const page = await stage.app.inject({ url: String(pressed.headers.location), cookies });
    expect(page.body).toContain('nothing was charged');
  });
});
