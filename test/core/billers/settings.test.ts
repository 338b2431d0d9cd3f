import { describe, expect, test } from 'vitest';
import { inCliWords } from '../../../src/admin/cli/hints.ts';
import { settingsOf as readSettings } from '../../../src/admin/operations/billers/settings.ts';
import { billerUrls, requiresSignature, SLUG } from '../../../src/core/billers/biller.ts';
import {
  type BillerSettings,
  billerSettingsSchema,
  storedSettingsSchema,
  toStored,
} from '../../../src/core/billers/settings.ts';
import { InputError } from '../../../src/platform/errors/idp-error.ts';
import { makeSigningKey } from '../../support/saml/saml.ts';
import { opensslKey } from '../../support/saml/xmlsec-signer.ts';
import { newBiller } from './biller.ts';

const { serviceProvider } = newBiller();
const defaults = billerSettingsSchema.parse({});

/** What a link on our pages may lead to, and what not. */
const GOOD_PAGES = [
  'https://riverton.example/help?topic=pay&lang=en#phone',
  'https://www.city.riverton.example:8443',
  null,
];
const BAD_PAGES = [
  '',
  'http://riverton.example/help',
  'http://localhost/help',
  'https://localhost/help',
  'https://help/',
  'https://192.0.2.1/help',
  'https://[2001:db8::1]/help',
  'https://0x7f.1/',
  'https://intranet.local/help',
  'https://riverton.internal/',
  'https://pat@riverton.example/',
  'https://riverton.example@evil.example/',
  'https://riverton.example:pw@evil.example/',
  'https:/riverton.example/help',
  'https:\\\\riverton.example\\help',
  '//riverton.example/help',
  'riverton.example/help',
  'javascript:alert(1)',
  'JAVASCRIPT:alert(1)//https://riverton.example',
  'data:text/html,x',
  'mailto:a@riverton.example',
  'https://riverton.example/a b',
  ' https://riverton.example/',
  'https://riverton.example/\n',
  'https://riverton.example/é',
  'https://rivertön.example/',
  'https://riverton.example/"onclick="x',
  'https://riverton.example/../x',
  'https://riverton.example:0/',
  'https://riverton.example/#a#b c',
  `https://riverton.example/${'x'.repeat(1000)}`,
];

/** Reads settings, with errors worded for the command line. */
function settingsOf(...parts: Parameters<typeof readSettings>): BillerSettings {
  try {
    return readSettings(...parts);
  } catch (error) {
    throw error instanceof InputError ? inCliWords(error, 'biller.update') : error;
  }
}

test('by default, an assertion is valid for five minutes and clocks may be a minute apart', {
  meta: { holds: ['IDP-045', 'IDP-046'], source: 'SAML Profiles 4.1.4.2' },
}, () => {
  expect(defaults).toMatchObject({ assertionLifetimeSeconds: 300, clockSkewSeconds: 60, requestMaxAgeSeconds: 300 });
});

test('by default, both are signed, and unsolicited Responses are off', {
  meta: { holds: ['IDP-052', 'IDP-071'], source: 'project rule' },
}, () => {
  expect(defaults).toMatchObject({ sign: 'both', unsolicited: false, unsolicitedRelayState: null });
});

test('stored settings are read back unchanged, and newer ones get their defaults', () => {
  expect(billerSettingsSchema.parse(JSON.parse(JSON.stringify(defaults)))).toEqual(defaults);
  const { sessionIdleMinutes, ...older } = defaults;
  expect(billerSettingsSchema.parse(older).sessionIdleMinutes).toBe(sessionIdleMinutes);
});

test('a new biller switches on fetch, and one that was stored before there was a choice keeps its overlap', () => {
  const { rotation, ...older } = defaults;
  expect(rotation).toBe('switch-on-fetch');
  expect(storedSettingsSchema.parse(older).rotation).toBe('overlap');
  expect(toStored(defaults).rotation).toBe('switch-on-fetch');
});

test('instances of version 0.2.0 and of later versions can read what is stored during an upgrade', () => {
  const since = ['refreshMetadata', 'metadataSigningCertificates'];
  since.push('furtherPortalUrls', 'contactUrl', 'contactEmail', 'contactPhone', 'privacyUrl', 'signIn');
  since.push(...Object.keys(defaults).filter((name) => name.startsWith('oidc')));
  expect(Object.keys(toStored(defaults))).toEqual(Object.keys(defaults).filter((name) => !since.includes(name)));
  const chosen = { ...defaults, refreshMetadata: 'signed' as const };
  expect(storedSettingsSchema.parse(toStored(chosen))).toEqual(chosen);
  expect(storedSettingsSchema.parse({ ...defaults, ofALaterVersion: 1 })).toEqual(defaults);
});

describe('an out-of-range setting is refused, naming the option', () => {
  test.each<[string, keyof BillerSettings, readonly unknown[], readonly unknown[]]>([
    ['--assertion-lifetime', 'assertionLifetimeSeconds', [30, 300], [29, 301, 60.5, '60', null]],
    ['--clock-skew', 'clockSkewSeconds', [0, 300], [-1, 301]],
    ['--request-max-age', 'requestMaxAgeSeconds', [30, 3600], [29, 3601]],
    ['--relay-state-max', 'relayStateMaxBytes', [80, 8192], [79, 8193]],
    [
      '--unsolicited-relay-state',
      'unsolicitedRelayState',
      [null, '', 'bills', 'é'.repeat(512)],
      ['a\nb', 'a\r\nb', 'a\tb', '\u0085', '\uD800', 'é'.repeat(513), 'x'.repeat(1025)],
    ],
    ['--session-idle', 'sessionIdleMinutes', [1, 1440], [0, 1441]],
    ['--session-lifetime', 'sessionLifetimeMinutes', [1, 10_080], [0, 10_081]],
    ['--default-login-type', 'defaultLoginType', [1, 99], [0, 100, 1.5]],
    ['--login-type', 'loginTypes', [{}, { owner: 1 }], [{ owner: 0 }, { owner: '1' }]],
    ['--sign', 'sign', ['assertion', 'response', 'both'], ['none', '']],
    ['--name-id-format', 'nameIdFormat', ['persistent', 'transient'], ['kerberos', 'toString']],
    ['--encrypt', 'encrypt', ['never', 'as-metadata'], ['sometimes']],
    ['--encryption-algorithm', 'encryptionAlgorithm', ['aes128-gcm'], ['aes256-cbc', 'tripledes-cbc']],
    ['--request-signature', 'requestSignature', ['if-present'], ['no']],
    ['--view-mode', 'viewMode', [0, 1], [2, '0']],
    ['--accounts', 'accounts', ['chosen', 'all'], ['none']],
    ['--redirect-link-base', 'redirectLinkBase', ['https://x.example'], ['https://x.example/', 'x.example']],
    ['--portal-url', 'portalUrl', ['https://x.example/pay?a=1', null], ['http://x.example', 'javascript:alert(1)']],
    [
      '--portal-url',
      'furtherPortalUrls',
      [['https://x.example/a', 'https://y.example']],
      [['http://x.example'], ['x']],
    ],
    ['--contact-url', 'contactUrl', GOOD_PAGES, BAD_PAGES],
    ['--privacy-url', 'privacyUrl', GOOD_PAGES, BAD_PAGES],
    [
      '--contact-email',
      'contactEmail',
      ['billing@riverton.example', 'a.b+c_d-e@x.y.example', null],
      [
        '',
        'billing',
        'billing@',
        '@x.example',
        'a@b@x.example',
        'a b@x.example',
        'a@x.example?bcc=e@evil.example',
        'a%40b@x.example',
        'a&b@x.example',
        'Pat <pat@x.example>',
        'mailto:a@x.example',
        'a@localhost',
        'a@[192.0.2.1]',
        'a@192.0.2.1',
        'é@x.example',
        'a@-x.example',
        '.a@x.example',
        `${'a'.repeat(65)}@x.example`,
        'a@x.example\n',
      ],
    ],
    [
      '--contact-phone',
      'contactPhone',
      ['311', '(555) 010-0100', '+1 (555) 010-0100', '+44 20 7946 0000', '555.010.0100', null],
      [
        '',
        '12',
        '1-800-WATER',
        '+',
        '555 010 0100 ext. 5',
        '1234567890123456',
        '5550100\n',
        'tel:311',
        '3;11',
        '+44 (0)20 7946 0000',
        '٣١١',
      ],
    ],
    ['--acs-redirect-origin', 'acsRedirectOrigins', [['https://x.example']], [['https://x.example/'], ['*'], ['x']]],
    [
      '--email-claim',
      'emailClaim',
      [{ name: 'x', nameFormat: 'uri' }],
      [
        { name: '', nameFormat: 'uri' },
        { name: 'x', nameFormat: 'urn:x' },
        { name: 'x'.repeat(256), nameFormat: 'uri' },
        null,
      ],
    ],
    [
      '--constant-claim',
      'constantClaims',
      [[{ name: 'x', nameFormat: 'basic', values: ['1'] }]],
      [[{ name: 'x', nameFormat: 'basic', values: [] }], [{ name: 'x', nameFormat: 'basic', values: [''] }]],
    ],
  ])('%s', (option, name, good, bad) => {
    for (const value of good) expect(settingsOf({}, { [name]: value }, serviceProvider)[name]).toEqual(value);
    for (const value of bad) {
      const attempt = () => settingsOf({}, { [name]: value }, serviceProvider);
      expect(attempt, JSON.stringify(value)).toThrow(InputError);
      expect(attempt, JSON.stringify(value)).toThrow(new RegExp(`^${option}( \\(.+?\\))?( ".*?")?: .+[^.]\\.$`, 's'));
    }
  });

  test('the error names the value, and its place in the setting', () => {
    const attempt = (given: object) => () => settingsOf({}, { ...given }, serviceProvider);
    expect(attempt({ clockSkewSeconds: 301 })).toThrow(/^--clock-skew "301": must be at most 300\.$/);
    expect(attempt({ loginTypes: { owner: 0 } })).toThrow(/^--login-type \(owner\) "0": must be at least 1\.$/);
  });

  test('an unknown setting', () => {
    expect(() => settingsOf({}, { assertionLifetime: 60 }, serviceProvider)).toThrow(
      /^There is no setting "assertionLifetime"\.$/,
    );
  });
});

test('no two claims of a biller have the same name', {
  meta: { holds: ['IDP-049'], source: 'SAML Core 2.7.3' },
}, () => {
  const email = { name: 'Email', nameFormat: 'basic' };
  const twice = 'The claim "Email" is given twice. Every claim needs its own name.';
  for (const given of [
    { loginTypeClaim: email },
    { accountNumberClaim: email },
    { constantClaims: [{ ...email, values: ['x'] }] },
  ]) {
    expect(() => settingsOf({}, given, serviceProvider)).toThrow(twice);
  }
  expect(() => settingsOf({}, { accountNumberClaim: null }, serviceProvider)).not.toThrow();
});

test('the RelayState of an unsolicited Response must be within the biller’s own limit, in bytes', {
  meta: { holds: ['IDP-071'], source: 'SAML Bindings 3.4.3' },
}, () => {
  const within = { relayStateMaxBytes: 80, unsolicitedRelayState: 'é'.repeat(40) };
  expect(settingsOf({}, within, serviceProvider)).toMatchObject(within);
  const tooLong =
    /^--unsolicited-relay-state: must have at most 80 bytes \(the longest RelayState of this biller\), and has 82\.$/;
  const beyond = { unsolicitedRelayState: 'é'.repeat(41) };
  expect(() => settingsOf({ relayStateMaxBytes: 80 }, beyond, serviceProvider)).toThrow(tooLong);
  // Nor can the limit be lowered below the agreed RelayState.
  expect(() => settingsOf(beyond, { relayStateMaxBytes: 80 }, serviceProvider)).toThrow(tooLong);
});

describe('settings that don’t fit the Service Provider are refused', () => {
  test('signing only the Response if its metadata asks for signed assertions', {
    meta: { holds: ['IDP-052'], source: 'SAML Metadata 2.4.4' },
  }, () => {
    const wanting = { ...serviceProvider, wantAssertionsSigned: true };
    expect(() => settingsOf({}, { sign: 'response' }, wanting)).toThrow(/^--sign "response": .*WantAssertionsSigned/);
    expect(settingsOf({}, { sign: 'assertion' }, wanting).sign).toBe('assertion');
    expect(settingsOf({}, { sign: 'response' }, serviceProvider).sign).toBe('response');
  });

  test('requiring signed requests if no certificate is known that can verify one', {
    meta: { holds: ['IDP-031'], source: 'SAML Metadata 2.4.4' },
  }, async () => {
    expect(() => settingsOf({}, { requestSignature: 'required' }, serviceProvider)).toThrow(/^--request-signature: /);
    const signing = { ...serviceProvider, authnRequestsSigned: true };
    expect(() => settingsOf({}, {}, signing)).toThrow(/^--request-signature: /);
    expect(() => settingsOf({}, { requestSignature: 'if-present' }, signing)).not.toThrow();
    const weak = opensslKey('rsa:1024').signer.certificate;
    for (const type of ['RSA-2048', 'EC-P256'] as const) {
      const signingCertificates = [weak, (await makeSigningKey(type)).signer.certificate];
      expect(() => settingsOf({}, {}, { ...signing, signingCertificates })).not.toThrow();
    }
    expect(() => settingsOf({}, {}, { ...signing, signingCertificates: [weak] })).toThrow(
      /none of the Service Provider's signing certificates can be used: .* at least 2048 bits/,
    );
  });
});

test.each([
  ['as-metadata', false, false],
  ['as-metadata', true, true],
  ['required', false, true],
  ['if-present', true, false],
] as const)(
  'with --request-signature %s and AuthnRequestsSigned %s, a signature is required: %s',
  { meta: { holds: ['IDP-031'], source: 'project rule' } },
  (policy, flag, required) => {
    const { settings } = newBiller({ requestSignature: policy });
    expect(requiresSignature({ settings, serviceProvider: { ...serviceProvider, authnRequestsSigned: flag } })).toBe(
      required,
    );
  },
);

test('a biller’s URLs derive from the public URL and its slug', {
  meta: { holds: ['IDP-039', 'IDP-073'], source: 'project rule' },
}, () => {
  expect(billerUrls('https://sso.example.com', 'riverton')).toEqual({
    metadataUrl: 'https://sso.example.com/saml/riverton/metadata',
    ssoUrl: 'https://sso.example.com/saml/riverton/sso',
    certificateUrl: 'https://sso.example.com/saml/riverton/certificate.pem',
  });
});

test('a slug can be used in URLs and on the command line without escaping', () => {
  for (const slug of ['a', 'a1', '1', 'riverton-water', 'x'.repeat(63), 'a--b']) expect(slug).toMatch(SLUG);
  for (const slug of ['', '-a', 'a-', 'A', 'a_b', 'a.b', 'a/b', '..', 'a b', 'a\n', 'é', 'x'.repeat(64)]) {
    expect(slug).not.toMatch(SLUG);
  }
});
