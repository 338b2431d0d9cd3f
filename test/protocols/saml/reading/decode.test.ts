import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodePost, decodeRedirect, MAX_MESSAGE_BYTES } from '../../../../src/protocols/saml/reading/decode.ts';
import { thrownBy } from '../../../support/thrown.ts';

const XML = '<samlp:AuthnRequest xmlns:samlp="urn:x">“Rivière” 水 😀</samlp:AuthnRequest>';
const DEFLATE = 'urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE';
const deflate = (content: string | Buffer) => deflateRawSync(content).toString('base64');
const base64 = (content: string | Buffer) => Buffer.from(content).toString('base64');

const redirect = (SAMLRequest: string, more: Record<string, string> = {}) =>
  decodeRedirect(new Map(Object.entries({ SAMLRequest, ...more })), 'the=query');
const post = (SAMLRequest: string, more: Record<string, string> = {}) =>
  decodePost(new Map(Object.entries({ SAMLRequest, ...more })));

/** @returns the code of the thrown error */
const refusal = (attempt: () => unknown) => thrownBy(attempt)?.code ?? 'accepted';

test('a message is read from the Redirect binding at any compression level', {
  meta: { holds: ['IDP-001'], source: 'SAML Bindings 3.4.4.1' },
}, () => {
  for (const level of [0, 1, 9]) {
    expect(redirect(deflateRawSync(XML, { level }).toString('base64')).xml).toBe(XML);
  }
  expect(redirect(deflate(XML), { SAMLEncoding: DEFLATE }).xml).toBe(XML);
});

test.each([
  ['unwrapped', (text: string) => text],
  ['in MIME lines of 76 with CRLF', (text: string) => text.replace(/.{76}/g, '$&\r\n')],
  ['in lines of 64 with LF, also at the end', (text: string) => `${text.replace(/.{64}/g, '$&\n')}\n`],
  ['surrounded by spaces and tabs', (text: string) => ` \t${text}\t `],
])(
  'a message is read from the POST binding, its base64 %s',
  { meta: { holds: ['IDP-002'], source: 'SAML Bindings 3.5.4' } },
  (_how, arrange) => {
    expect(post(arrange(base64(XML.repeat(5)))).xml).toBe(XML.repeat(5));
  },
);

test('RelayState is kept byte for byte; an empty one differs from an absent one', {
  meta: { holds: ['IDP-003'], source: 'SAML Bindings 3.4.3, 3.5.3' },
}, () => {
  for (const [decode, message] of [
    [redirect, deflate(XML)],
    [post, base64(XML)],
  ] as const) {
    expect(decode(message, { RelayState: ' a&b=“ü”\r\n' }).relayState).toBe(' a&b=“ü”\r\n');
    expect(decode(message, { RelayState: '' }).relayState).toBe('');
    expect(decode(message).relayState).toBeUndefined();
  }
});

test('with a detached signature, the query is kept as received', {
  meta: { holds: ['IDP-008'], source: 'SAML Bindings 3.4.4.1' },
}, () => {
  expect(redirect(deflate(XML), { SigAlg: 'x', Signature: 'y' }).signedQuery).toBe('the=query');
  // One without the other must be refused later, so it must not look unsigned.
  expect(redirect(deflate(XML), { Signature: 'y' }).signedQuery).toBe('the=query');
  expect(redirect(deflate(XML), { SigAlg: '' }).signedQuery).toBe('the=query');
  expect(redirect(deflate(XML)).signedQuery).toBeUndefined();
  expect(post(base64(XML), { SigAlg: 'x', Signature: 'y' }).signedQuery).toBeUndefined();
});

describe('refused:', () => {
  test('a missing SAMLRequest', { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4.1, 3.5.4' } }, () => {
    expect(refusal(() => decodeRedirect(new Map(), ''))).toBe('saml_request_missing');
    expect(refusal(() => decodePost(new Map([['RelayState', 'x']])))).toBe('saml_request_missing');
  });

  test.each(['', ' ', '\r\n', '=', '====', '*', 'ab*cd', 'YWJj-_', 'YWJj.', '%3C', 'YW=Jj', '<xml/>', 'YWJjé'])(
    '%j, which is not base64',
    { meta: { holds: ['IDP-014'], source: 'RFC 4648, 4' } },
    (text) => {
      expect(refusal(() => redirect(text))).toBe('saml_request_malformed');
      expect(refusal(() => post(text))).toBe('saml_request_malformed');
    },
  );

  test.each([
    ['a star inside', (text: string) => `${text.slice(0, 8)}*${text.slice(8)}`],
    ['a no-break space inside', (text: string) => `${text.slice(0, 8)}\u00A0${text.slice(8)}`],
    ['padding inside', (text: string) => `${text.slice(0, 8)}=${text.slice(8)}`],
    ['too much padding', (text: string) => `${text}===`],
    ['a trailing percent escape', (text: string) => `${text.replace(/=+$/, '')}%3D`],
  ])(
    'base64 that a lenient decoder would accept, with %s',
    { meta: { holds: ['IDP-014'], source: 'RFC 4648, 3.3' } },
    (_what, spoil) => {
      expect(refusal(() => redirect(spoil(deflate(XML))))).toBe('saml_request_malformed');
      expect(refusal(() => post(spoil(base64(XML))))).toBe('saml_request_malformed');
    },
  );

  test.each([
    ['XML itself', base64(XML)],
    ['zlib-wrapped DEFLATE', deflateSync(XML).toString('base64')],
    ['gzip', gzipSync(XML).toString('base64')],
    ['trailing bytes', base64(Buffer.concat([deflateRawSync(XML), Buffer.from('x')]))],
    ['two streams', base64(Buffer.concat([deflateRawSync(XML), deflateRawSync(XML)]))],
  ])(
    '%s instead of one DEFLATE stream',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4.1' } },
    (_what, message) => {
      expect(refusal(() => redirect(message))).toBe('saml_request_malformed');
    },
  );

  test('a DEFLATE stream truncated anywhere', { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4.1' } }, () => {
    const whole = deflateRawSync(XML);
    for (let length = 1; length < whole.length; length += 1) {
      expect(refusal(() => redirect(base64(whole.subarray(0, length))))).toBe('saml_request_malformed');
    }
  });

  test('a message that is not UTF-8', { meta: { holds: ['IDP-014'], source: 'project rule' } }, () => {
    const latin1 = Buffer.from('<Rivière/>', 'latin1');
    expect(refusal(() => redirect(deflate(latin1)))).toBe('saml_request_malformed');
    expect(refusal(() => post(base64(latin1)))).toBe('saml_request_malformed');
    const utf16 = Buffer.from(`\uFEFF${XML}`, 'utf16le');
    expect(refusal(() => post(base64(utf16)))).toBe('saml_request_malformed');
  });

  test('an encoding other than DEFLATE', { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4' } }, () => {
    expect(refusal(() => redirect(deflate(XML), { SAMLEncoding: 'urn:x' }))).toBe('saml_request_malformed');
    expect(refusal(() => redirect(deflate(XML), { SAMLEncoding: '' }))).toBe('saml_request_malformed');
  });
});

describe('the limit', () => {
  const largest = '<'.padEnd(MAX_MESSAGE_BYTES, 'x');

  test('is one MiB of XML; one more byte is refused', {
    meta: { holds: ['IDP-015'], source: 'project rule' },
  }, () => {
    expect(MAX_MESSAGE_BYTES).toBe(2 ** 20);
    expect(redirect(deflate(largest)).xml).toBe(largest);
    expect(post(base64(largest)).xml).toBe(largest);
    expect(refusal(() => redirect(deflate(`${largest}x`)))).toBe('saml_request_too_large');
    expect(refusal(() => post(base64(`${largest}x`)))).toBe('saml_request_too_large');
    expect(refusal(() => post(base64(`${largest}xxxx`)))).toBe('saml_request_too_large');
    expect(refusal(() => redirect(base64(`${largest}xxxx`)))).toBe('saml_request_too_large');
  });

  test('stops an inflate bomb from being inflated any further', {
    meta: { holds: ['IDP-015'], source: 'project rule' },
  }, () => {
    const bomb = deflate(Buffer.alloc(64 * MAX_MESSAGE_BYTES));
    expect(bomb.length).toBeLessThan(100_000);
    const before = process.memoryUsage().arrayBuffers;
    for (let times = 0; times < 5; times += 1) expect(refusal(() => redirect(bomb))).toBe('saml_request_too_large');
    // Five times the limit, to leave room for everything else. One inflated bomb would take 64 MiB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * MAX_MESSAGE_BYTES);
  });
});

test('a SAMLResponse instead of a SAMLRequest is reported differently from a missing parameter', {
  meta: { holds: ['IDP-017'], source: 'SAML Bindings 3.4.4.1' },
}, () => {
  expect(refusal(() => decodeRedirect(new Map([['SAMLResponse', deflate(XML)]]), ''))).toBe('saml_message_unsupported');
  expect(refusal(() => decodePost(new Map([['SAMLResponse', base64(XML)]])))).toBe('saml_message_unsupported');
});

test('any input is either decoded or refused with a code from the catalog', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.base64String({ maxLength: 80 }),
    fc.uint8Array({ maxLength: 60 }).map((bytes) => base64(Buffer.from(bytes))),
  );
  fc.assert(
    fc.property(anything, (text) => {
      expect(['accepted', 'saml_request_malformed']).toContain(refusal(() => redirect(text)));
      expect(['accepted', 'saml_request_malformed']).toContain(refusal(() => post(text)));
    }),
    { seed: 14, numRuns: 1000 },
  );
});
