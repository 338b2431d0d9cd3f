import { describe, expect, test } from 'vitest';
import { readSettings } from '../../src/config.ts';
import { InputError } from '../../src/platform/errors/idp-error.ts';

const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');
const CONTACT = 'a mailto: or https: URL, e.g. mailto:security@riverton.example';
const PROXIES = 'a number of proxies, or addresses and small networks separated by commas, e.g. 10.0.0.5,10.0.0.6';
const ORIGIN = 'an https origin without path or closing slash, e.g. https://sso.example.com (http only for localhost)';
const KEY =
  '32 bytes in base64, as `openssl rand -base64 32` prints them; or file:<path>, or command:<command line>, that hold or print them; while it is rotated the new and the old key, separated by a comma';

test('without any setting, the service runs on this machine with an embedded database', () => {
  expect(readSettings({}, {})).toEqual({
    PORT: 3000,
    HOST: '127.0.0.1',
    PUBLIC_URL: 'http://localhost:3000',
    DATA_DIR: './data',
    LOG_LEVEL: 'info',
  });
  expect(readSettings({ PORT: '8080' }, {}).PUBLIC_URL).toBe('http://localhost:8080');
});

test('the environment takes precedence over the .env file, and an empty value counts as not set', () => {
  expect(readSettings({ PORT: '4001' }, { PORT: '4002', HOST: '0.0.0.0' })).toMatchObject({
    PORT: 4001,
    HOST: '0.0.0.0',
  });
  expect(readSettings({ PORT: '' }, { PORT: '4002', DATABASE_URL: '' })).toMatchObject({
    PORT: 4002,
    DATA_DIR: './data',
  });
});

describe('what is accepted', () => {
  test.each([
    ['PORT', '65535'],
    ['PUBLIC_URL', 'https://sso.example.com'],
    ['PUBLIC_URL', 'https://sso.example.com:8443'],
    ['PUBLIC_URL', 'http://localhost:3000'],
    ['PUBLIC_URL', 'http://127.0.0.1:3000'],
    ['PUBLIC_URL', 'http://[::1]:3000'],
    ['MASTER_KEY', MASTER_KEY],
    ['TRUST_PROXY', '1'],
    ['TRUST_PROXY', '10.0.0.0/8, loopback,::1'],
    ['SECURITY_CONTACT', 'mailto:security@riverton.example'],
    ['SECURITY_CONTACT', 'https://riverton.example/security?report#form'],
    ['HOST', '::'],
    ['LOG_LEVEL', 'silent'],
  ])('%s=%s', (name, value) => {
    expect(String(Object.entries(readSettings({ [name]: value }, {})).find(([key]) => key === name)?.[1])).toBe(value);
  });
});

describe('what is refused, with the setting, what was given and what is accepted', () => {
  test.each([
    ['PORT', '0', 'a port number, 1 to 65535'],
    ['PORT', '65536', 'a port number, 1 to 65535'],
    ['PORT', '3000x', 'a port number, 1 to 65535'],
    ['HOST', 'a b', 'an IP address or a host name of this machine'],
    ['PUBLIC_URL', 'sso.example.com', ORIGIN],
    ['PUBLIC_URL', 'http://sso.example.com', ORIGIN],
    ['PUBLIC_URL', 'https://sso.example.com/', ORIGIN],
    ['PUBLIC_URL', 'https://sso.example.com/saml', ORIGIN],
    ['PUBLIC_URL', 'https://sso.example.com?a', ORIGIN],
    ['PUBLIC_URL', 'https://user@sso.example.com', ORIGIN],
    ['PUBLIC_URL', 'http://localhost.example.com', ORIGIN],
    ['SECURITY_CONTACT', 'security@riverton.example', CONTACT],
    ['SECURITY_CONTACT', 'mailto:', CONTACT],
    ['SECURITY_CONTACT', 'mailto:a@b.example,c@d.example', CONTACT],
    ['SECURITY_CONTACT', 'http://riverton.example/security', CONTACT],
    ['SECURITY_CONTACT', 'https://', CONTACT],
    ['SECURITY_CONTACT', 'https://riverton.example/\nExpires: x', CONTACT],
    ['TRUST_PROXY', 'true', PROXIES],
    ['TRUST_PROXY', '10.0.0.0/99', PROXIES],
    ['TRUST_PROXY', '1.2.3', PROXIES],
    ['TRUST_PROXY', 'loopback,,::1', PROXIES],
    ['LOG_LEVEL', 'loud', 'one of fatal, error, warn, info, debug, trace, silent'],
  ])('%s=%s', (name, value, accepted) => {
    const sentence = `Setting ${name} is "${value}". It must be ${accepted}`;
    expect(() => readSettings({ [name]: value }, {})).toThrow(InputError);
    expect(() => readSettings({ [name]: value }, {})).toThrow(sentence);
  });

  test.each([
    ['MASTER_KEY', 'hidden', KEY],
    ['MASTER_KEY', Buffer.alloc(31).toString('base64'), KEY],
    ['MASTER_KEY', `${MASTER_KEY.slice(0, -2)}d=`, KEY],
    [
      'DATABASE_URL',
      'mysql://user:hidden@host/ic_idp',
      'a PostgreSQL URL, e.g. postgres://user:password@host:5432/ic_idp',
    ],
  ])('%s, without showing its value', (name, value, accepted) => {
    const sentence = `Setting ${name} is not valid. It must be ${accepted}`;
    expect(() => readSettings({ [name]: value }, {})).toThrow(sentence);
    expect(() => readSettings({ [name]: value }, {})).not.toThrow(/hidden/);
  });

  test.each([
    ['https://SSO.Riverton.example', 'as an origin it is written https://sso.riverton.example.'],
    ['https://sso.riverton.example:443', 'as an origin it is written https://sso.riverton.example.'],
    [
      'https://sso.riverton.example.',
      'as an origin it is written https://sso.riverton.example, without the dot at the end.',
    ],
    ['https://sso.riverton.example.:8443', 'https://sso.riverton.example:8443, without the dot at the end.'],
    ['https:/sso.riverton.example', 'https: must be followed by two slashes and a host.'],
  ])('PUBLIC_URL=%s, with the form that is meant', (value, fault) => {
    expect(() => readSettings({ PUBLIC_URL: value }, {})).toThrow(
      new RegExp(`\\(http only for localhost\\): .*${fault.replaceAll('.', '\\.').replaceAll('?', '\\?')}`),
    );
  });

  test.each(['p@ss', 'hidden/1', '12/hidden', 'hidden#', 'hidden?x', '100%hidden'])(
    'DATABASE_URL with the password %s, which must be percent-encoded',
    (password) => {
      const url = `postgres://ic_idp:${password}@db.internal/ic_idp`;
      const read = () => readSettings({ DATABASE_URL: url, MASTER_KEY }, {});
      expect(read).toThrow(/^Setting DATABASE_URL is not valid\. .*percent-encode/);
      expect(read).not.toThrow(new RegExp(password.replace('?', '\\?')));
      const encoded = `postgres://ic_idp:${encodeURIComponent(password)}@db.internal/ic_idp`;
      expect(readSettings({ DATABASE_URL: encoded, MASTER_KEY }, {}).DATABASE_URL).toBe(encoded);
    },
  );

  test('DATABASE_URL without MASTER_KEY: there can be no default for a secret', () => {
    expect(() => readSettings({ DATABASE_URL: 'postgres://localhost/ic_idp' }, {})).toThrow(
      /^Setting MASTER_KEY is missing\. It is required with DATABASE_URL: 32 bytes in base64/,
    );
  });
});

describe('names that are not settings', () => {
  test('are refused in the .env file, except those of other programs that share it', () => {
    const accepted =
      'The settings are PORT, HOST, PUBLIC_URL, DATABASE_URL, DATA_DIR, MASTER_KEY, PKCS11_LIBRARY, PKCS11_TOKEN, PKCS11_PIN, TRUST_PROXY, IC_IDP_ACTOR, IC_IDP_COMMAND, SECURITY_CONTACT, LOG_LEVEL.';
    expect(() => readSettings({}, { COLOR: 'blue' })).toThrow(
      new InputError(`Setting COLOR (from .env) is unknown. ${accepted}`),
    );
    expect(readSettings({}, { POSTGRES_PASSWORD: 'x', SANDBOX_PORT: '4000', COMPOSE_PROJECT_NAME: 'x' }).PORT).toBe(
      3000,
    );
  });

  test('the actor is refused in the .env file, which several people share', () => {
    expect(() => readSettings({}, { IC_IDP_ACTOR: 'ada' })).toThrow('set it in the environment, not in .env');
    expect(readSettings({ IC_IDP_ACTOR: 'ada' }, {}).IC_IDP_ACTOR).toBe('ada');
  });

  test.each([
    ['PUBLIC_ULR', 'PUBLIC_URL'],
    ['DATABASE_URLS', 'DATABASE_URL'],
    ['MASTER_KE', 'MASTER_KEY'],
    ['TRUST_PRAXY', 'TRUST_PROXY'],
  ])('are refused in the environment only if they look like a typo: %s', (given, meant) => {
    expect(() => readSettings({ [given]: 'x' }, {})).toThrow(
      new InputError(`Setting ${given} (from the environment) is unknown. Did you mean ${meant}?`),
    );
    // Short names are too common.
    expect(readSettings({ COLOR: 'blue', PORTS: '1', POST: '1', HOSTS: 'x' }, {}).PORT).toBe(3000);
  });
});
