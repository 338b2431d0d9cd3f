import { beforeAll, expect, test } from 'vitest';
import { requirePosted } from '../../support/browser/browser-like.ts';
import { TEST_ACS, TEST_SP } from '../../support/installation.ts';
import { authnRequest, redirectQuery, signedQuery } from '../../support/saml/authn-request.ts';
import { makeSigningKey, type SigningKey } from '../../support/saml/saml.ts';
import { EMAIL, useStage } from '../../support/stage.ts';

const stage = useStage();
interface Inspection {
  readonly kind: string;
  readonly binding: string;
  readonly message: string[];
  readonly checks: { check: string; passed: boolean; expected?: string; found?: string }[];
}
const inspect = (text: string, more: Record<string, unknown> = {}) =>
  stage.installation.operate('inspect', { text, ...more }) as Promise<Inspection>;
const failed = ({ checks }: Inspection) => checks.filter(({ passed }) => !passed).map(({ check }) => check);
const check = ({ checks }: Inspection, name: string) => checks.find((one) => one.check === name);
const cut = (xml: string, name: string) => {
  const end = `</${name}>`;
  return xml.slice(xml.indexOf(`<${name}`), xml.indexOf(end) + end.length);
};

let key: SigningKey;
/** A Response of `riverton`, with Response and assertion signed. */
let xml: string;
beforeAll(async () => {
  key = await makeSigningKey('RSA-2048');
  xml = requirePosted(await stage.bring(await stage.signedIn())).xml;
});

test('a Response is read in any form', async () => {
  const SAMLResponse = Buffer.from(xml).toString('base64');
  for (const [shape, text] of Object.entries({
    xml,
    base64: SAMLResponse,
    'escaped base64': encodeURIComponent(SAMLResponse),
    'form body': new URLSearchParams({ RelayState: 'x', SAMLResponse }).toString(),
    url: `${TEST_ACS}?${redirectQuery(xml).replace('SAMLRequest', 'SAMLResponse')}`,
  })) {
    const found = await inspect(text);
    expect([shape, found.kind, failed(found)]).toEqual([shape, 'Response', []]);
    expect(found.checks.map((one) => one.check)).toEqual([
      'Issuer',
      'Destination',
      'Status',
      'Signature of the Response',
      'Signature of the Assertion',
      'Audience',
      'Recipient',
      'Conditions',
      'SubjectConfirmation',
    ]);
  }
});

test('every changed value is reported, with expected and found', async () => {
  const signatures = ['Signature of the Response', 'Signature of the Assertion'];
  for (const [from, to, failedChecks] of [
    ['Destination="https://sp.example/acs"', 'Destination="https://x.example/"', ['Destination', signatures[0]]],
    [':status:Success"', ':status:Requester"', ['Status', signatures[0]]],
    ['Recipient="https://sp.example/acs"', 'Recipient="https://x.example/"', [...signatures, 'Recipient']],
    [`<saml:Audience>${TEST_SP}<`, '<saml:Audience>https://x.example/<', [...signatures, 'Audience']],
    [`>${EMAIL}</saml:NameID>`, '>kim@example.com</saml:NameID>', signatures],
  ] as const) {
    expect(xml).toContain(from);
    const found = await inspect(xml.replace(from, to), { biller: 'riverton' });
    expect([from, failed(found)]).toEqual([from, failedChecks]);
  }
  const found = await inspect(xml.replace('Recipient="https://sp.example/acs"', 'Recipient="https://x.example/"'));
  expect(check(found, 'Recipient')).toMatchObject({ expected: TEST_ACS, found: 'https://x.example/' });
});

test('a removed signature, or one by another biller, is reported', async () => {
  const bare = xml.replace(/<ds:Signature .*?<\/ds:Signature>/s, '');
  expect(check(await inspect(bare), 'Signature of the Response')).toMatchObject({ passed: false, found: 'none' });
  const cleared = bare.replace(/<ds:Signature .*?<\/ds:Signature>/s, '');
  expect(failed(await inspect(cleared))).toEqual(['Signature of the Response', 'Signature of the Assertion']);
  await stage.addBiller('another', { keyType: 'RSA-2048' });
  expect(failed(await inspect(xml, { biller: 'another' }))).toEqual([
    'Issuer',
    'Signature of the Response',
    'Signature of the Assertion',
  ]);
});

test('an assertion hidden next to the signed one is reported, whichever comes first', async () => {
  const assertion = cut(xml, 'saml:Assertion');
  const evil = assertion.replaceAll(EMAIL, 'kim@example.com').replace(/ ID="[^"]*"/, ' ID="_evil"');
  for (const wrapped of [
    xml.replace(assertion, evil + assertion),
    xml.replace(assertion, assertion + evil),
    xml.replace(assertion, `<samlp:Extensions>${assertion}</samlp:Extensions>${evil}`),
    xml.replace(
      assertion,
      evil.replace('</saml:Assertion>', `<saml:Advice>${assertion}</saml:Advice></saml:Assertion>`),
    ),
  ]) {
    const found = await inspect(wrapped);
    expect(check(found, 'Assertion')).toMatchObject({ passed: false, expected: 'one', found: '2' });
  }
  expect(check(await inspect(xml.replace(assertion, '')), 'Assertion')).toMatchObject({ passed: false, found: 'none' });
});

test('a time in the future is reported, allowing for clock skew', async () => {
  const early = requirePosted(await stage.bring(await stage.signedIn())).xml;
  stage.pass(-100_000);
  expect(failed(await inspect(early))).toEqual([]);
  stage.pass(-100_000);
  const found = await inspect(early);
  stage.pass(200_000);
  expect(failed(found)).toEqual(['Conditions']);
});

test('an error Response is recognized, and needs no assertion', async () => {
  const refused = requirePosted(await stage.bring(stage.stranger(), { attributes: { IsPassive: 'true' } }));
  const found = await inspect(refused.xml);
  expect(failed(found)).toEqual(['Status']);
  expect(check(found, 'Status')?.found).toBe('urn:oasis:names:tc:SAML:2.0:status:Responder');
  expect(check(found, 'Signature of the Response')).toMatchObject({ passed: true, found: 'valid' });
});

test('an encrypted assertion is reported as readable only by its receiver', {
  meta: { holds: ['IDP-060'], source: 'SAML Core 2.3.4' },
}, async () => {
  await stage.addBiller('sealed', { spEncryptionCertificates: [key.certificatePem] });
  const posted = requirePosted(await stage.bring(await stage.signedIn('sealed'), {}, undefined, 'sealed'));
  expect(posted.xml).not.toMatch(/<saml:Assertion|pat@|101Invoice/);
  const found = await inspect(posted.xml, { showValues: true });
  expect(failed(found)).toEqual([]);
  expect(check(found, 'Assertion')?.found).toContain('encrypted');
  expect(found.message.join('\n')).toMatch(/CipherValue \(\d+ characters\)/);
});

test('the signature of a query is checked over the pasted text', async () => {
  await stage.addBiller('signing', { spCertificates: [key.certificatePem] });
  const Destination = 'https://idp.example/saml/signing/sso';
  const IssueInstant = new Date(stage.now()).toISOString();
  const query = signedQuery(redirectQuery(authnRequest({ attributes: { Destination, IssueInstant } }), 'rs'), key);
  expect(failed(await inspect(`${Destination}?${query}`))).toEqual([]);
  const changed = await inspect(query.replace('RelayState=rs', 'RelayState=rt'));
  expect(failed(changed)).toEqual(['Signature']);
  expect(check(changed, 'Signature')?.expected).toBe('one by a registered certificate');
});
