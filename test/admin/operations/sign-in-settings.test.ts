import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { useStage } from '../../support/stage.ts';

const SECRET = 'the secret of this client';
const ISSUER = 'https://login.riverton.example';
const stage = useStage();
const update = (input: Record<string, unknown>, slug = 'riverton') =>
  stage.installation.operate('biller.update', { slug, ...input });
const settings = { signIn: 'oidc', oidcIssuer: ISSUER, oidcClientId: 'ic-idp' };

describe('settings of the sign-in that are refused', () => {
  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ['no issuer', { ...settings, oidcIssuer: undefined }, 'settings.oidcIssuer', /is missing/],
    ['no client ID', { ...settings, oidcClientId: undefined }, 'settings.oidcClientId', /is missing/],
    ['no TLS', { ...settings, oidcIssuer: 'http://login.riverton.example' }, 'settings.oidcIssuer', /https/],
    ['a query', { ...settings, oidcIssuer: `${ISSUER}/?a=1` }, 'settings.oidcIssuer', /a query/],
    ['a fragment', { ...settings, oidcIssuer: `${ISSUER}/#x` }, 'settings.oidcIssuer', /fragment/],
    ['a user name', { ...settings, oidcIssuer: 'https://me@login.riverton.example' }, 'settings.oidcIssuer', /./],
    [
      'the discovery document',
      { ...settings, oidcIssuer: `${ISSUER}/.well-known/openid-configuration` },
      'settings.oidcIssuer',
      /leave out \/\.well-known/,
    ],
    ['white space', { ...settings, oidcClientId: ' ic-idp' }, 'settings.oidcClientId', /white space/],
    ['no openid scope', { ...settings, oidcScopes: 'email' }, 'settings.oidcScopes', /openid must be among them/],
    ['two spaces', { ...settings, oidcScopes: 'openid  email' }, 'settings.oidcScopes', /one space/],
    ['a role', { ...settings, oidcDefaultRole: '1x' }, 'settings.oidcDefaultRole', /must begin with a letter/],
    ['a class', { ...settings, oidcAcr: { mfa: 'strong' } }, 'settings.oidcAcr', /URI of an AuthnContext class/],
  ])('%s', async (_what, given, field, message) => {
    const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    const refused = update({ settings: defined, oidcClientSecret: SECRET });
    await expect(refused).rejects.toMatchObject({ field, message: expect.stringMatching(message) });
  });

  test('no client secret', async () => {
    await expect(update({ settings })).rejects.toMatchObject({ code: 'client_secret_missing' });
    const input = { billerGuid: crypto.randomUUID(), settings };
    await expect(stage.installation.addBiller('new', input)).rejects.toMatchObject({ code: 'client_secret_missing' });
  });

  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const odd = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  test.each<[string, string, string]>([
    ['client_secret_basic', '', 'is empty'],
    ['client_secret_basic', 'one\ntwo', 'one line'],
    ['client_secret_post', 'pässword', 'printable ASCII'],
    ['client_secret_basic', String(short), 'private_key_jwt'],
    ['private_key_jwt', 'a password', 'private key in PEM'],
    ['private_key_jwt', String(short), 'at least 2048 bits'],
    ['private_key_jwt', String(odd), 'P-256'],
  ])('with %s, a secret that can’t be used (%#)', async (oidcClientAuth, secret, message) => {
    const refused = update({ settings: { ...settings, oidcClientAuth }, oidcClientSecret: secret });
    const error = (await refused.catch((thrown: unknown) => thrown)) as Error & { code: string };
    expect([error.code, error.message]).toEqual(['client_secret_unusable', expect.stringContaining(message)]);
    if (secret !== '') expect(error.message).not.toContain(secret);
  });
});

describe('the client secret', () => {
  beforeAll(() => stage.addBiller('lakeside', { oidcClientSecret: SECRET, settings }));
  const stored = () => stage.installation.services.database.db.selectFrom('openidClientSecrets').selectAll().execute();

  test('is sealed, and in no audit event, difference or view', async () => {
    const updated = await update({ oidcClientSecret: `${SECRET}!` }, 'lakeside');
    const audit = await stage.installation.operate('audit.list', {});
    for (const text of [JSON.stringify([updated, audit]), (await stored())[0]?.sealedSecret.toString('latin1')]) {
      expect(text).not.toContain(SECRET);
    }
    expect(updated).toMatchObject({ differences: [{ what: 'oidcClientSecret', before: 'one', after: 'another one' }] });
  });

  test.each([
    { oidcIssuer: 'https://other.example' },
    { oidcClientId: 'other' },
    { oidcClientAuth: 'private_key_jwt' },
  ])('is not used for %j', async (changed) => {
    await expect(update({ settings: changed }, 'lakeside')).rejects.toMatchObject({ code: 'client_secret_missing' });
  });

  test('goes with the issuer', async () => {
    expect(await stored()).toHaveLength(1);
    await update({ settings: { signIn: 'directory', oidcIssuer: null, oidcClientId: null } }, 'lakeside');
    expect(await stored()).toEqual([]);
  });
});

test('portal users of one issuer are not those of another, unless an operator says what to do with them', async () => {
  await stage.addBiller('hilltop', { oidcClientSecret: SECRET, settings });
  const { billers, portalUsers } = stage.installation.services;
  const by = {
    billerId: (await billers.bySlug('hilltop')).id,
    source: 'oidc',
    actor: 'test',
    reference: 'test',
  } as const;
  const add = (id: string) => portalUsers.put({ id, email: 'pat@example.com', accounts: [] }, by);
  await add('u-1');
  const other = { oidcClientSecret: SECRET, settings: { oidcIssuer: 'https://other.example' } };
  await expect(update(other, 'hilltop')).rejects.toMatchObject({ code: 'oidc_users_of_another_issuer' });
  const none = { settings: { signIn: 'directory', oidcIssuer: null } };
  await expect(update(none, 'hilltop')).rejects.toMatchObject({ code: 'oidc_users_of_another_issuer' });
  await update({ ...other, oidcUsers: 'keep' }, 'hilltop');
  expect(await portalUsers.find(by, 'u-1')).toBeDefined();
  await update({ oidcClientSecret: SECRET, settings: { oidcIssuer: ISSUER }, oidcUsers: 'remove' }, 'hilltop');
  expect(await portalUsers.find(by, 'u-1')).toBeUndefined();
  expect((await stage.audited('user.removed')).details).toEqual({ actor: 'test' });
});
