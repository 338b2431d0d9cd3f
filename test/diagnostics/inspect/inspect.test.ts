import { expect, test } from 'vitest';
import { requirePosted } from '../../support/browser/browser-like.ts';
import { authnRequest, postFields, redirectQuery } from '../../support/saml/authn-request.ts';
import { EMAIL, useStage } from '../../support/stage.ts';

const stage = useStage();
interface Inspection {
  readonly kind: string;
  readonly binding: string;
  readonly biller: string;
  readonly message: string[];
  readonly checks: { check: string; passed: boolean; found?: string }[];
}
const inspect = (text: string, more: Record<string, unknown> = {}) =>
  stage.installation.operate('inspect', { text, ...more }) as Promise<Inspection>;
const failed = ({ checks }: Inspection) => checks.filter(({ passed }) => !passed).map(({ check }) => check);

test('a request is read in any form, and passes the same checks as a sign-on', async () => {
  const xml = authnRequest();
  const base64 = Buffer.from(xml).toString('base64');
  const shapes = {
    xml: `\n  ${xml}`,
    base64: base64.replace(/.{76}/g, '$&\n'),
    'form body': new URLSearchParams(postFields(xml, 'rs')).toString(),
    url: `https://idp.example/saml/riverton/sso?${redirectQuery(xml, 'rs')}#there`,
    query: redirectQuery(xml),
    'one parameter': encodeURIComponent(base64),
  };
  for (const [shape, text] of Object.entries(shapes)) {
    const found = await inspect(text);
    expect({ shape, failed: failed(found) }).toEqual({ shape, failed: [] });
    expect(found).toMatchObject({ kind: 'AuthnRequest', biller: 'riverton' });
  }
  expect(
    failed(await inspect(authnRequest({ attributes: { Version: '1.1', Destination: 'https://x.example' } }))),
  ).toEqual(['Version', 'Destination']);
});

test('our Response is verified; a changed or expired one is reported', async () => {
  const { xml } = requirePosted(await stage.bring(await stage.signedIn()));
  expect(failed(await inspect(xml))).toEqual([]);
  expect(failed(await inspect(Buffer.from(xml).toString('base64')))).toEqual([]);
  const changed = await inspect(xml.replace('>5</saml:AttributeValue>', '>1</saml:AttributeValue>'));
  expect(failed(changed)).toEqual(['Signature of the Response', 'Signature of the Assertion']);
  stage.pass(3600_000);
  expect(failed(await inspect(xml))).toEqual(['Conditions', 'SubjectConfirmation']);
});

test('a Response of a biller with an EC key is verified too', async () => {
  await stage.addBiller('curves');
  const { xml } = requirePosted(await stage.bring(await stage.signedIn('curves'), {}, undefined, 'curves'));
  expect(xml).toContain('ecdsa-sha256');
  expect(failed(await inspect(xml))).toEqual([]);
});

test('names and values are masked unless asked for', {
  meta: { holds: ['IDP-068'], source: 'project rule' },
}, async () => {
  const { xml } = requirePosted(await stage.bring(await stage.signedIn()));
  const masked = (await inspect(xml)).message.join('\n');
  expect(masked).not.toContain(EMAIL);
  expect(masked).not.toContain('101Invoice');
  expect((await inspect(xml, { showValues: true })).message.join('\n')).toContain(EMAIL);
});

test('other input is refused with what is accepted; a biller that can’t be determined is asked for', async () => {
  for (const text of ['', 'hello', 'SAMLRequest=%%%', Buffer.from('hello there').toString('base64')]) {
    await expect(inspect(text)).rejects.toThrow("The input can't be read");
  }
  await expect(inspect('<a>')).rejects.toThrow('not acceptable XML');
  await expect(inspect('<a/>')).rejects.toThrow('It must be an AuthnRequest or a Response');
  await expect(inspect(authnRequest({ issuer: 'https://other.example' }))).rejects.toThrow(
    'names no biller of this installation',
  );
  const inspected = await inspect(authnRequest({ issuer: 'https://other.example' }), { biller: 'riverton' });
  expect(failed(inspected)[0]).toBe('Service Provider is known');
});
