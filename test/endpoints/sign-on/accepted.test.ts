import { expect, test } from 'vitest';
import { elementsNamed, requirePosted, textOf } from '../../support/browser/browser-like.ts';
import { TEST_ACS, TEST_SP } from '../../support/installation.ts';
import { EMAIL, useStage } from '../../support/stage.ts';

const stage = useStage();
const FORMAT = {
  email: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  unspecified: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
  persistent: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
  transient: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient',
};
const CLASS = 'urn:oasis:names:tc:SAML:2.0:ac:classes:';
const SP_METADATA = `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${TEST_SP}">
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/one" index="3"/>
    <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/two" index="7" isDefault="true"/>
  </SPSSODescriptor></EntityDescriptor>`;

test('answers to the default ACS, or to one named by index or URL, as it was registered', {
  meta: { holds: ['IDP-004', 'IDP-005', 'IDP-006'], source: 'SAML Core 3.4.1' },
}, async () => {
  await stage.addBiller('several-acs', { spMetadata: SP_METADATA });
  const browser = await stage.signedIn('several-acs');
  const acsOf = async (attributes: Record<string, string>) =>
    requirePosted(await stage.bring(browser, { attributes }, undefined, 'several-acs'));
  for (const [attributes, acs] of [
    [{}, 'https://sp.example/two'],
    [{ AssertionConsumerServiceIndex: '3' }, 'https://sp.example/one'],
    [{ AssertionConsumerServiceIndex: '+03' }, 'https://sp.example/one'],
    [{ AssertionConsumerServiceURL: 'https://sp.example/one' }, 'https://sp.example/one'],
    [{ AssertionConsumerServiceURL: 'https://SP.example:443/one' }, 'https://sp.example/one'],
  ] as const) {
    const posted = await acsOf(attributes);
    expect(posted.acs).toBe(acs);
    expect(posted.root.attributes.get('Destination')).toBe(acs);
    expect(elementsNamed(posted.root, 'SubjectConfirmationData')[0]?.attributes.get('Recipient')).toBe(acs);
  }
});

test.each([undefined, '', 'plain', 'https://sp.example/?a=1&b=2#c', '<"\'&amp;>é😀'])(
  'RelayState %j comes back unchanged',
  { meta: { holds: ['IDP-003', 'IDP-061'], source: 'SAML Bindings 3.4.3, 3.5.3' } },
  async (relayState) => {
    const posted = requirePosted(await stage.bring(await stage.signedIn(), {}, relayState));
    expect(posted.relayState).toBe(relayState);
    expect(posted.acs).toBe(TEST_ACS);
  },
);

test('takes an Issuer on a line of its own, and our address written in another way', {
  meta: { holds: ['IDP-012', 'IDP-022'], source: 'RFC 3986 6.2' },
}, async () => {
  const browser = await stage.signedIn();
  requirePosted(await stage.bring(browser, { issuer: `\n    ${TEST_SP}\n  ` }));
  const { publicUrl } = stage.installation;
  const Destination = `${publicUrl.replace('idp.example', 'IDP.example:443')}/saml/riverton/sso`;
  requirePosted(await stage.bring(browser, { attributes: { Destination } }));
});

test('ignores an unknown extension', {
  meta: { holds: ['IDP-009'], source: 'SAML Core 3.2.1' },
}, async () => {
  const inside = '<samlp:Extensions><x:y xmlns:x="urn:x" a="1">text</x:y></samlp:Extensions>';
  requirePosted(await stage.bring(await stage.signedIn(), { inside }));
});

test('NameIDPolicy: absent or unspecified gives the agreed format, any other the requested one', {
  meta: { holds: ['IDP-010', 'IDP-044'], source: 'SAML Core 3.4.1.1' },
}, async () => {
  const browser = await stage.signedIn();
  const nameIdOf = async (inside: string) =>
    elementsNamed(requirePosted(await stage.bring(browser, { inside })).root, 'NameID')[0];
  const policy = (format: string) => `<samlp:NameIDPolicy Format="${format}" AllowCreate="true"/>`;
  for (const inside of [
    '',
    '<samlp:NameIDPolicy AllowCreate="1"/>',
    policy(FORMAT.email),
    policy(FORMAT.unspecified),
    policy(''),
  ]) {
    const nameId = await nameIdOf(inside);
    expect([nameId?.attributes.get('Format'), nameId?.text]).toEqual([FORMAT.email, EMAIL]);
  }
  const [persistent, again] = [await nameIdOf(policy(FORMAT.persistent)), await nameIdOf(policy(FORMAT.persistent))];
  expect(persistent?.attributes.get('Format')).toBe(FORMAT.persistent);
  expect(persistent?.text).toBe(again?.text);
  expect(persistent?.text).not.toContain('pat@');
  const [transient, fresh] = [await nameIdOf(policy(FORMAT.transient)), await nameIdOf(policy(FORMAT.transient))];
  expect(transient?.attributes.get('Format')).toBe(FORMAT.transient);
  expect(transient?.text).not.toBe(fresh?.text);
});

test.each([
  ['exact', ['PasswordProtectedTransport'], 'PasswordProtectedTransport'],
  ['exact', ['Password'], 'Password'],
  ['exact', ['Kerberos', 'Password'], 'Password'],
  ['exact', ['unspecified'], 'unspecified'],
  ['minimum', ['Password'], 'PasswordProtectedTransport'],
  ['maximum', ['Password'], 'Password'],
  ['maximum', ['SmartcardPKI'], 'PasswordProtectedTransport'],
  ['better', ['Password'], 'PasswordProtectedTransport'],
])(
  'RequestedAuthnContext %s %j is met by %s',
  { meta: { holds: ['IDP-011', 'IDP-048'], source: 'SAML Core 3.3.2.2.1' } },
  async (comparison, asked, met) => {
    const refs = asked.map((name) => `<saml:AuthnContextClassRef>${CLASS}${name}</saml:AuthnContextClassRef>`).join('');
    const inside = `<samlp:RequestedAuthnContext Comparison="${comparison}">${refs}</samlp:RequestedAuthnContext>`;
    const { root } = requirePosted(await stage.bring(await stage.signedIn(), { inside }));
    expect(textOf(root, 'AuthnContextClassRef')).toBe(CLASS + met);
  },
);

test('HEAD never issues', { meta: { holds: ['IDP-013'], source: 'RFC 9110 9.3.2' } }, async () => {
  const browser = await stage.signedIn();
  const issued = () => stage.installation.operate('audit.list', { event: 'assertion.issued', limit: 10_000 });
  const before = (await issued()) as unknown[];
  const { url } = (await stage.bring(browser)).raw.req;
  const answer = await stage.installation.server.inject({
    method: 'HEAD',
    url: url ?? '',
    cookies: Object.fromEntries(browser.cookies),
  });
  expect(answer.statusCode).toBe(404);
  expect((await issued()) as unknown[]).toHaveLength(before.length + 1);
});

test('IDs are fresh, InResponseTo and Issuer are right, and AuthnInstant is the real time of the sign-in', {
  meta: { holds: ['IDP-035', 'IDP-038', 'IDP-039', 'IDP-042', 'IDP-047'], source: 'SAML Core 3.2.2' },
}, async () => {
  const browser = await stage.signedIn();
  const loggedIn = stage.now();
  stage.pass(120_000);
  const seen = new Set<string>();
  for (const ID of ['_first', '_second']) {
    const { root } = requirePosted(await stage.bring(browser, { attributes: { ID } }));
    const [assertion] = elementsNamed(root, 'Assertion');
    for (const element of [root, assertion]) seen.add(element?.attributes.get('ID') ?? '');
    expect(root.attributes.get('InResponseTo')).toBe(ID);
    expect(elementsNamed(root, 'Issuer').map(({ text }) => text)).toEqual(
      Array(2).fill('https://idp.example/saml/riverton/metadata'),
    );
    const instant = elementsNamed(root, 'AuthnStatement')[0]?.attributes.get('AuthnInstant') ?? '';
    expect(Math.abs(Date.parse(instant) - loggedIn)).toBeLessThan(5_000);
  }
  expect(seen.size).toBe(4);
  for (const id of seen) expect(id).toMatch(/^_[0-9a-f]{32,}$/);
});
