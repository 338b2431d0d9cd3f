import { deflateRawSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { MAX_MESSAGE_BYTES } from '../../src/protocols/saml/reading/decode.ts';
import { type BrowserLike, errorCodeOf, postedBy, referenceOf } from '../support/browser/browser-like.ts';
import type { Held } from '../support/held.ts';
import { authnRequest } from '../support/saml/authn-request.ts';
import { useStage } from '../support/stage.ts';

const SSO = '/saml/riverton/sso';
/** Must not come back on a page. */
const MARK = 'marked-by-the-test';
const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString('base64');
const deflated = (text: string | Buffer) => deflateRawSync(text);

const good = authnRequest({ attributes: { ID: `_${MARK}` } });
const [, body = ''] = good.split('<saml:Issuer>');
const whole = deflated(good);

/** XML that neither binding accepts, with the error code. */
const messages: [string, Held, string | Buffer, string][] = [
  [
    'text that is not XML',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4.1' } },
    `${MARK} is no XML`,
    'saml_request_malformed',
  ],
  [
    'XML that is cut off',
    { meta: { holds: ['IDP-014'], source: 'SAML Bindings 3.4.4.1' } },
    good.slice(0, -8),
    'saml_request_malformed',
  ],
  [
    'bytes that are not UTF-8',
    { meta: { holds: ['IDP-014'], source: 'project rule' } },
    Buffer.concat([Buffer.from('<x>'), Buffer.from([0xff])]),
    'saml_request_malformed',
  ],
  [
    'more than the largest message',
    { meta: { holds: ['IDP-015'], source: 'project rule' } },
    good.replace('</saml:Issuer>', `$&<!--${'x'.repeat(MAX_MESSAGE_BYTES)}-->`),
    'saml_request_too_large',
  ],
  [
    'a document type',
    { meta: { holds: ['IDP-016'], source: 'project rule' } },
    `<!DOCTYPE x>${good}`,
    'saml_request_forbidden_xml',
  ],
  [
    'an external entity',
    { meta: { holds: ['IDP-016'], source: 'project rule' } },
    `<!DOCTYPE x [<!ENTITY mark SYSTEM "file:///etc/passwd">]>${good.replace('</saml:Issuer>', '&mark;$&')}`,
    'saml_request_forbidden_xml',
  ],
  [
    'an undeclared entity',
    { meta: { holds: ['IDP-016'], source: 'project rule' } },
    good.replace('</saml:Issuer>', '&mark;$&'),
    'saml_request_malformed',
  ],
  [
    'a processing instruction',
    { meta: { holds: ['IDP-016'], source: 'project rule' } },
    good.replace('<saml:Issuer>', '<?php echo 1 ?>$&'),
    'saml_request_forbidden_xml',
  ],
  [
    'two requests one after the other',
    { meta: { holds: ['IDP-016'], source: 'project rule' } },
    good + good,
    'saml_request_malformed',
  ],
  [
    'a LogoutRequest',
    { meta: { holds: ['IDP-017'], source: 'SAML Core 3.7.1' } },
    good.replaceAll('samlp:AuthnRequest', 'samlp:LogoutRequest'),
    'saml_message_unsupported',
  ],
  [
    'the right name without a namespace',
    { meta: { holds: ['IDP-017'], source: 'SAML Core 3.4.1' } },
    `<AuthnRequest ID="_${MARK}" Version="2.0"><Issuer>${body}`
      .replace('</saml:Issuer>', '</Issuer>')
      .replace('</samlp:', '</'),
    'saml_message_unsupported',
  ],
];

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
    { SAMLRequest: base64(deflated(Buffer.alloc(64 * MAX_MESSAGE_BYTES))) },
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

const newestEvent = async () => ((await stage.installation.operate('audit.list', { limit: 1 })) as unknown[])[0];

/** Expects a page with a reference that is in the audit, and no way to continue. */
async function expectRefused(method: 'GET' | 'POST', sent: Record<string, string>, code: string): Promise<void> {
  for (const browser of [stage.stranger(), signedIn]) {
    const page = await (method === 'POST'
      ? browser.post(SSO, sent)
      : browser.get(`${SSO}?${new URLSearchParams(sent)}`));
    expect([page.statusCode, errorCodeOf(page)]).toEqual([400, code]);
    expect(page.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    expect(page.headers.location).toBeUndefined();
    expect(page.cookies).toEqual([]);
    expect(postedBy(page)).toBeUndefined();
    expect(page.body).not.toMatch(new RegExp(`<form|sp\\.example|${MARK}`));
    const reference = referenceOf(page);
    expect(reference).toMatch(/^[a-z]+-[a-z]+-[a-z]+$/);
    expect(await newestEvent()).toMatchObject({
      event: 'sign_on.refused',
      reference,
      biller: 'riverton',
      requestId: null,
      details: { code, answered: 'page' },
    });
  }
}

for (const [what, held, xml, code] of messages) {
  test(`${what}: a page on both bindings, also with a session, and nothing is posted`, held, async () => {
    await expectRefused('GET', { SAMLRequest: base64(deflateRawSync(xml)), RelayState: MARK }, code);
    await expectRefused('POST', { SAMLRequest: base64(xml), RelayState: MARK }, code);
  });
}

for (const [what, held, method, sent, code] of fields) {
  test(`${what} by ${method}: a page, and nothing is posted`, held, async () => {
    await expectRefused(method, sent, code);
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
    expect(page.body).toContain('application/x-www-form-urlencoded');
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
  expect(await newestEvent()).toMatchObject({ reference: problem.reference });
  expect(answer.body).not.toContain(MARK);
});
