import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPortalApi, type PortalApi } from '../../../support/api/portal-api.ts';
import { errorCodeOf, requirePosted } from '../../../support/browser/browser-like.ts';
import { passProvider, requireLeadsTo } from '../../../support/openid/journey.ts';
import { startProvider, type TestProvider } from '../../../support/openid/provider.ts';
import { useStage } from '../../../support/stage.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const stage = useStage();
let provider: TestProvider;
let portal: PortalApi;
beforeAll(async () => {
  provider = await startProvider({
    clients: [
      {
        client_id: 'ic-idp',
        redirect_uris: ['https://idp.example/login/riverton/callback'],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...createPublicKey(privateKey).export({ format: 'jwk' }), use: 'sig' }] } as never,
      },
    ],
    people: { pat: { email: 'pat@example.com', email_verified: true } },
  });
  await stage.installation.operate('biller.update', {
    slug: 'riverton',
    oidcClientSecret: privateKey.export({ type: 'sec1', format: 'pem' }),
    settings: {
      signIn: 'oidc',
      oidcIssuer: provider.issuer,
      oidcClientId: 'ic-idp',
      oidcClientAuth: 'private_key_jwt',
    },
  });
  const added = await stage.installation.operate('api-key.add', { biller: 'riverton', role: 'portal' });
  portal = createPortalApi(stage.installation.server, (added as { key: string }).key);
});
afterAll(() => provider.close());

async function comeBack() {
  const browser = stage.stranger();
  const page = await browser.follow(await stage.bring(browser));
  expect(requireLeadsTo(page).searchParams.get('scope')).toBe('openid email');
  return browser.follow(await passProvider(browser, page, 'pat'));
}
const give = (email: string, accounts: readonly string[]) =>
  portal.call('PUT', '/api/users/pat?source=oidc', {
    email,
    accounts: accounts.map((number) => ({ number, role: 'owner' })),
  });

test('whoever the portal has given no accounts gets a page, and is not signed in', async () => {
  expect(errorCodeOf(await comeBack())).toBe('account_missing');
  await give('pat@example.com', []);
  expect(errorCodeOf(await comeBack())).toBe('account_missing');
});

test('the accounts are those that the portal gave to the sub, and the email is the provider’s', async () => {
  expect((await give('old@example.com', ['301Invoice'])).statusCode).toBe(200);
  const { xml } = requirePosted(await comeBack());
  expect(xml).toContain('>301Invoice<');
  expect(xml).toContain('>pat@example.com<');
  const kept = await portal.call('GET', '/api/users/pat?source=oidc');
  expect(kept.json()).toMatchObject({ email: 'pat@example.com', accounts: [{ number: '301Invoice' }] });
});

test('a user of the portal with the same ID is another person', async () => {
  await give('pat@example.com', ['301Invoice']);
  expect((await portal.call('GET', '/api/users/pat')).statusCode).toBe(404);
  const facts = { email: 'other@example.com', accounts: [{ number: '999Invoice', role: 'owner' }] };
  expect((await portal.call('PUT', '/api/users/pat', facts)).statusCode).toBe(200);
  expect(requirePosted(await comeBack()).xml).toContain('>301Invoice<');
  expect((await portal.call('DELETE', '/api/users/pat?source=oidc')).statusCode).toBe(204);
  expect((await portal.call('GET', '/api/users/pat')).statusCode).toBe(200);
  expect(errorCodeOf(await comeBack())).toBe('account_missing');
});

test.each(['?source=directory', '?source=', '?sauce=oidc'])('%s is refused', async (query) => {
  const answer = await portal.call('GET', `/api/users/pat${query}`);
  expect([answer.statusCode, answer.json()]).toEqual([422, expect.objectContaining({ code: 'field_invalid' })]);
});

test('a source that is given twice is refused', async () => {
  const answer = await portal.call('GET', '/api/users/pat?source=oidc&source=portal');
  expect([answer.statusCode, answer.json()]).toEqual([400, expect.objectContaining({ code: 'parameter_invalid' })]);
});

test('the private key of the client is resealed with the master key, and works after that', async () => {
  await give('pat@example.com', ['301Invoice']);
  const { database, masterKey } = stage.installation.services;
  const before = await database.db.selectFrom('openidClientSecrets').select('sealedSecret').executeTakeFirstOrThrow();
  expect(before.sealedSecret.toString('latin1')).not.toContain('PRIVATE KEY');
  const fresh = Buffer.alloc(32, 9).toString('base64');
  masterKey.adopt([fresh, stage.installation.masterKey]);
  await stage.installation.operate('master-key.rotate', {});
  const after = await database.db.selectFrom('openidClientSecrets').select('sealedSecret').executeTakeFirstOrThrow();
  expect(after.sealedSecret.equals(before.sealedSecret)).toBe(false);
  masterKey.adopt([fresh]);
  // Another version of the biller, so that the secret is read again.
  await stage.installation.operate('biller.update', { slug: 'riverton', name: 'Riverton' });
  expect(requirePosted(await comeBack()).xml).toContain('>301Invoice<');
});
