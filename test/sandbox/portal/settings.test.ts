import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readPortalSettings } from '../../../sandbox/portal/settings.ts';
import { readUsers } from '../../../sandbox/portal/users.ts';

const folder = mkdtempSync(join(tmpdir(), 'ic-idp-portal-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const KEY = `icidp_0123456789ab_${'k'.repeat(43)}`;
const needed = () => ({ PORTAL_API_KEY_FILE: file('key', `${KEY}\n`), PORTAL_USERS: file('users.json', '[]') });

test('the defaults fit those of the service and the sandbox', () => {
  expect(readPortalSettings(needed())).toMatchObject({
    port: 4100,
    host: '127.0.0.1',
    publicUrl: 'http://127.0.0.1:4100',
    idp: 'http://localhost:3000',
    invoiceCloud: ['http://127.0.0.1:4000'],
    apiKey: KEY,
  });
});

test.each<[string, Record<string, string>]>([
  ['PORTAL_PORT', { PORTAL_PORT: '0' }],
  ['PORTAL_PORT', { PORTAL_PORT: '65536' }],
  ['PORTAL_HOST', { PORTAL_HOST: 'a host' }],
  ['PORTAL_PUBLIC_URL', { PORTAL_PUBLIC_URL: 'http://portal.example' }],
  ['PORTAL_PUBLIC_URL', { PORTAL_PUBLIC_URL: 'https://portal.example/pay' }],
  ['PORTAL_IDP', { PORTAL_IDP: 'ftp://idp.example' }],
  ['PORTAL_INVOICE_CLOUD', { PORTAL_INVOICE_CLOUD: 'https://a.example,b' }],
  ['PORTAL_API_KEY_FILE', { PORTAL_API_KEY_FILE: '' }],
  ['PORTAL_API_KEY_FILE', { PORTAL_API_KEY_FILE: '/nowhere/key' }],
  ['PORTAL_USERS', { PORTAL_USERS: '' }],
  ['PORTAL_API', { PORTAL_API: 'http://localhost:3000' }],
])('%s is refused by its name: %j', (name, over) => {
  expect(() => readPortalSettings({ ...needed(), ...over })).toThrow(new RegExp(`^${name} is `));
});

test('a file with two keys is refused, and not repeated', () => {
  const refused = () => readPortalSettings({ ...needed(), PORTAL_API_KEY_FILE: file('two', `${KEY}\n${KEY}\n`) });
  expect(refused).toThrow('no API key, or more than one line');
  expect(refused).not.toThrow(KEY);
});

describe('the users', () => {
  const one = {
    id: 'u-1',
    name: 'A',
    email: 'A@example.com',
    password: 'secret',
    accounts: [{ number: '1', role: 'owner' }],
  };

  test('sign in with their email in any case, and their password', () => {
    const users = readUsers(file('one.json', JSON.stringify([one])));
    expect(users.signIn(' a@EXAMPLE.com', 'secret')).toEqual({ ...one, password: undefined });
    expect(users.signIn('a@example.com', 'Secret')).toBeUndefined();
    expect(users.signIn('b@example.com', 'secret')).toBeUndefined();
    expect(users.byId('u-1')).toEqual({ ...one, password: undefined });
  });

  test.each(['[]', '{', '[{}]', JSON.stringify([{ ...one, accounts: [] }]), JSON.stringify([{ ...one, other: 1 }])])(
    'a file with %s is refused, and no password is repeated',
    (content) => {
      const refused = () => readUsers(file('wrong.json', content));
      expect(refused).toThrow(/^PORTAL_USERS is /);
      expect(refused).not.toThrow('secret');
    },
  );
});
