import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { CLIENT, json, type StrangeProvider, startStrangeProvider } from '../../support/openid/strange-provider.ts';
import { useStage } from '../../support/stage.ts';

const stage = useStage();
let provider: StrangeProvider;
let biller = 'riverton';
const settings = () => ({
  signIn: 'oidc',
  oidcIssuer: provider.issuer,
  oidcClientId: CLIENT.id,
  oidcAccountsClaim: 'accounts',
});
beforeAll(async () => {
  provider = await startStrangeProvider();
  provider.instead = { token: json({ error: 'invalid_grant' }, 400) };
});
afterAll(() => provider.close());
afterEach(() => provider.behave());

/** A biller of its own for each test: discovery documents are kept. */
async function examined(instead: StrangeProvider['instead'] = {}, over: Record<string, unknown> = {}) {
  biller = `biller-${crypto.randomUUID().slice(0, 8)}`;
  provider.instead = { token: json({ error: 'invalid_grant' }, 400), ...instead };
  await stage.addBiller(biller, { oidcClientSecret: CLIENT.secret, settings: { ...settings(), ...over } });
  const all = (await stage.installation.operate('doctor', {})) as {
    subject: string;
    level: string;
    finding: string;
    remedy?: string;
  }[];
  await stage.installation.operate('biller.remove', { slug: biller });
  return all.filter(({ subject, finding }) => subject === `biller ${biller}` && !finding.startsWith('key '));
}
const discovery = (over: Record<string, unknown>) =>
  json({
    issuer: provider.issuer,
    authorization_endpoint: `${provider.issuer}/authorize`,
    token_endpoint: `${provider.issuer}/token`,
    jwks_uri: `${provider.issuer}/keys`,
    ...over,
  });

test('a provider at which portal users can sign in is fine', async () => {
  const found = await examined();
  expect(found.map(({ level, finding }) => [level, finding])).toContainEqual([
    'ok',
    `portal users can sign in at ${provider.issuer}`,
  ]);
});

test.each<[string, () => StrangeProvider['instead'], RegExp, RegExp]>([
  ['is away', () => ({ discovery: (response) => response.destroy() }), /discovery/, /can reach the provider/],
  [
    'does not know our secret',
    () => ({ token: json({ error: 'invalid_client' }, 401) }),
    /invalid_client/,
    /give the client secret again/,
  ],
  ['publishes no keys that can be read', () => ({ keys: json({ none: true }) }), /keys/, /Ask whoever runs/],
  [
    'takes another client authentication',
    () => ({ discovery: discovery({ token_endpoint_auth_methods_supported: ['private_key_jwt'] }) }),
    /does not take the client authentication client_secret_basic; it takes private_key_jwt/,
    /Choose a client authentication/,
  ],
  [
    'signs with the client secret only',
    () => ({ discovery: discovery({ id_token_signing_alg_values_supported: ['HS256'] }) }),
    /signs ID tokens with HS256/,
    /Ask whoever runs/,
  ],
])('a provider that %s is an error, with a remedy', async (_what, instead, finding, remedy) => {
  const errors = (await examined(instead())).filter(({ level }) => level === 'error');
  expect(errors).toHaveLength(1);
  expect(errors[0]?.finding).toMatch(finding);
  expect(errors[0]?.remedy).toMatch(remedy);
});

test('scopes and acr values that the provider does not list are warnings', async () => {
  const lists = { scopes_supported: ['openid'], acr_values_supported: ['pwd'] };
  const found = await examined({ discovery: discovery(lists) }, { oidcAcr: { mfa: 'urn:x:mfa' } });
  expect(found.filter(({ level }) => level === 'warning').map(({ finding }) => finding)).toEqual([
    `sign-in at ${provider.issuer}: the provider does not list the scope email`,
    `sign-in at ${provider.issuer}: the provider does not list the acr mfa`,
  ]);
});

test('a biller whose provider states no accounts, and whose portal gave none, is a warning', async () => {
  const [found] = (await examined({}, { oidcAccountsClaim: null })).filter(({ level }) => level === 'warning');
  expect(found?.remedy).toMatch(/Name the claim.*user import/);
});
