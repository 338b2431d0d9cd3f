import { deflateRawSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../../../src/protocols/saml/reading/decode.ts';
import { type BrowserLike, errorCodeOf, referenceOf } from '../../../support/browser/browser-like.ts';
import type { Held } from '../../../support/held.ts';
import { useStage } from '../../../support/stage.ts';
import { base64, expectRefused, good, MARK, newestEvent, SSO } from './refused-page.ts';

const whole = deflateRawSync(good);

/** Fields without a readable message, with the error code. */
const fields: [string, Held, 'GET' | 'POST', Record<string, string>, string][] = [
  [
    'only RelayState',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4.1' } },
    'GET',
    { RelayState: MARK },
    'saml_request_missing',
  ],
  [
    'only RelayState',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.5.4' } },
    'POST',
    { RelayState: MARK },
    'saml_request_missing',
  ],
  [
    'an empty form',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.5.4' } },
    'POST',
    {},
    'saml_request_missing',
  ],
  [
    'an empty SAMLRequest',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4.1' } },
    'GET',
    { SAMLRequest: '' },
    'saml_request_malformed',
  ],
  [
    'an empty SAMLRequest',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.5.4' } },
    'POST',
    { SAMLRequest: '' },
    'saml_request_malformed',
  ],
  [
    'something that is not base64',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4.1' } },
    'GET',
    { SAMLRequest: `${MARK}!` },
    'saml_request_malformed',
  ],
  [
    'something that is not base64',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.5.4' } },
    'POST',
    { SAMLRequest: `${MARK}!` },
    'saml_request_malformed',
  ],
  [
    'XML that is not compressed',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4.1' } },
    'GET',
    { SAMLRequest: base64(good) },
    'saml_request_malformed',
  ],
  [
    'DEFLATE that is cut off',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4.1' } },
    'GET',
    { SAMLRequest: base64(whole.subarray(0, -9)) },
    'saml_request_malformed',
  ],
  [
    'another encoding',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4' } },
    'GET',
    { SAMLRequest: base64(whole), SAMLEncoding: 'urn:other' },
    'saml_request_malformed',
  ],
  [
    'an inflate bomb of 64 MiB',
    { meta: { holds: ['IDP-015'], source: 'project rule' } },
    'GET',
    { SAMLRequest: base64(deflateRawSync(Buffer.alloc(64 * MAX_MESSAGE_BYTES))) },
    'saml_request_too_large',
  ],
  [
    'a SAMLResponse',
    { meta: { holds: ['IDP-017'], source: 'SAML Bindings 3.4.4.1' } },
    'GET',
    { SAMLResponse: base64(whole) },
    'saml_message_unsupported',
  ],
  [
    'a SAMLResponse',
    { meta: { holds: ['IDP-017'], source: 'SAML Bindings 3.5.4' } },
    'POST',
    { SAMLResponse: base64(good) },
    'saml_message_unsupported',
  ],
];

const stage = useStage();
let signedIn: BrowserLike;
beforeAll(async () => {
  signedIn = await stage.signedIn();
});

for (const [what, held, method, sent, code] of fields) {
  test(`${what} by ${method}: a page, and nothing is posted`, held, async () => {
    await expectRefused(stage, signedIn, method, sent, code);
  });
}

test('a body larger than any message is not read to the end, and gets a 413 page with a reference', {
  meta: { holds: ['IDP-015'], source: 'project rule' },
}, async () => {
  const page = await signedIn.post(SSO, { SAMLRequest: 'A'.repeat(3 * MAX_MESSAGE_BYTES) });
  expect([page.statusCode, errorCodeOf(page)]).toEqual([413, 'request_too_large']);
  expect(referenceOf(page)).toMatch(/-/);
});

test('refuses a body that is not a form, and says what is accepted', {
  meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.5.4' },
}, async () => {
  const SAMLRequest = base64(good);
  for (const [type, payload] of [
    ['application/json', JSON.stringify({ SAMLRequest })],
    ['text/plain', `SAMLRequest=${SAMLRequest}`],
    ['application/samlassertion+xml', good],
    [
      'multipart/form-data; boundary=x',
      `--x\r\nContent-Disposition: form-data; name="SAMLRequest"\r\n\r\n${SAMLRequest}\r\n--x--`,
    ],
  ] as const) {
    const page = await stage.installation.server.inject({
      method: 'POST',
      url: SSO,
      headers: { 'content-type': type },
      payload,
    });
    expect([type, page.statusCode, errorCodeOf(page)]).toEqual([type, 415, 'content_type_unsupported']);
    // For developers; the page is for portal users.
    expect(page.headers['accept-post']).toBe('application/x-www-form-urlencoded');
  }
});

test('a program that asks for JSON gets the same, with code and reference (RFC 9457)', async () => {
  const url = `${SSO}?RelayState=${MARK}`;
  const answer = await stage.installation.server.inject({ url, headers: { accept: 'application/json' } });
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  const problem = answer.json();
  expect(problem).toMatchObject({
    status: 400,
    code: 'saml_request_missing',
    type: 'urn:ic-idp:error:saml_request_missing',
  });
  expect(await newestEvent(stage)).toMatchObject({ reference: problem.reference });
  expect(answer.body).not.toContain(MARK);
});
