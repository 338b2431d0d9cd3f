import fc from 'fast-check';

/** Text that has broken parsers, pages, logs and databases before. */
export const HOSTILE: readonly string[] = [
  '',
  ' ',
  '\0',
  '\uFFFF',
  '\uFEFF',
  '😀',
  '\u202e',
  '\u009b2J',
  '"',
  "'",
  '<',
  '>',
  '&',
  '&amp;',
  '&x;',
  '&#0;',
  '&#x110000;',
  ']]>',
  '<![CDATA[',
  '<![CDATA[x]]>',
  '-->',
  '<!--',
  '<!DOCTYPE x [<!ENTITY y "z">]>',
  '<?x?>',
  '<x/>',
  'xmlns=""',
  ' xmlns:samlp="urn:x"',
  ' xmlns:xml="urn:x"',
  ' ID="_2"',
  ' x:ID="_2"',
  ' xml:id="_2"',
  ' ForceAuthn="1"',
  ' IsPassive="true"',
  '%00',
  '%zz',
  '%C0%80',
  '../',
  '__proto__',
  'constructor',
  'javascript:alert(1)',
  '\r\nset-cookie: a=b',
  "'; drop table sessions; --",
  '<script>alert(1)</script>',
  '<saml:Issuer>x</saml:Issuer>',
  '<samlp:Extensions><x/></samlp:Extensions>',
  '<saml:Subject><saml:NameID>pat@example.com</saml:NameID></saml:Subject>',
  '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>',
  '<a>'.repeat(60),
  '<a b="c"/>'.repeat(600),
  'A'.repeat(5_000),
];

const place = fc.double({ min: 0, max: 1, noNaN: true });

/** A mutation of some text: a character flipped, or a part removed, repeated, inserted or moved. */
export const textChange = fc.oneof(
  fc.record({ kind: fc.constant('insert' as const), at: place, what: fc.constantFrom(...HOSTILE) }),
  fc.record({ kind: fc.constant('cut' as const), at: place, length: fc.nat(80) }),
  fc.record({ kind: fc.constant('end' as const), at: place }),
  fc.record({ kind: fc.constant('repeat' as const), at: place, length: fc.nat(80) }),
  fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.nat(6) }),
  fc.record({ kind: fc.constant('shuffle' as const), from: place, to: place, attributes: fc.boolean() }),
);
type TextChange = typeof textChange extends fc.Arbitrary<infer Value> ? Value : never;

/** Swaps two tags with their contents, or two attributes. */
function shuffle(text: string, from: number, to: number, attributes: boolean): string {
  const parts = text.split(attributes ? /(?= [\w:]+=")|(?=\/?>)/ : /(?=<)/);
  const [one, other] = [Math.floor(from * (parts.length - 1)), Math.floor(to * (parts.length - 1))];
  const exchanged = parts.with(one, parts[other] ?? '').with(other, parts[one] ?? '');
  return exchanged.join('');
}

/** @returns the mutated text */
export function changed(text: string, change: TextChange): string {
  if (change.kind === 'shuffle') return shuffle(text, change.from, change.to, change.attributes);
  const at = Math.floor(change.at * text.length);
  const before = text.slice(0, at);
  switch (change.kind) {
    case 'insert':
      return before + change.what + text.slice(at);
    case 'cut':
      return before + text.slice(at + change.length);
    case 'end':
      return before;
    case 'repeat':
      return before + text.slice(at, at + change.length) + text.slice(at);
    case 'flip':
      return before + String.fromCharCode(text.charCodeAt(at) ^ (1 << change.bit)) + text.slice(at + 1);
  }
}

/** Parameters of the binding, and some unknown ones. */
export const parameters = fc.array(
  fc.tuple(
    fc.constantFrom(
      ...['SAMLRequest', 'SAMLResponse', 'RelayState', 'SigAlg', 'Signature', 'SAMLEncoding', 'flow', 'account'],
      ...['samlrequest', 'again', 'destination', 'viewMode', 'one-time', '', '__proto__', '%53AMLRequest'],
    ),
    fc.oneof(
      fc.constantFrom(
        ...HOSTILE,
        'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
        'http://www.w3.org/2000/09/xmldsig#hmac-sha1',
        'urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE',
        'AAAAAAAAAAAAAAAA',
      ),
      fc.string({ maxLength: 30 }),
    ),
  ),
  { maxLength: 3 },
);

/** AuthnRequest attributes with correct, nearly correct, and hostile values. */
export const requestAttributes = fc.dictionary(
  fc.constantFrom(
    ...['ID', 'Version', 'IssueInstant', 'Destination', 'ForceAuthn', 'IsPassive', 'ProtocolBinding'],
    ...['AssertionConsumerServiceURL', 'AssertionConsumerServiceIndex', 'ProviderName', 'Consent'],
  ),
  fc.oneof(
    fc.constantFrom(...HOSTILE, '2.0', '1.1', 'true', '1', '0', '99999999999', 'https://sp.example/acs'),
    fc.constantFrom('https://idp.example/saml/riverton/sso', '2026-01-01T00:00:00Z', '2026-02-31T25:00:00+01:00'),
    fc.string({ maxLength: 20 }),
  ),
  { maxKeys: 3 },
);

/** Elements of an AuthnRequest, some of which may appear only once. */
export const requestElements = fc.array(
  fc.constantFrom(
    '<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"/>',
    '<samlp:NameIDPolicy Format="urn:x" SPNameQualifier="y"/>',
    '<samlp:RequestedAuthnContext Comparison="better"><saml:AuthnContextClassRef>x</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>',
    '<samlp:RequestedAuthnContext/>',
    '<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">_1</saml:NameID></saml:Subject>',
    '<saml:Subject><saml:BaseID/></saml:Subject>',
    '<saml:Conditions NotOnOrAfter="2001-01-01T00:00:00Z"/>',
    '<samlp:Scoping ProxyCount="0"/>',
    '<samlp:Extensions><x xmlns="urn:x">y</x></samlp:Extensions>',
  ),
  { maxLength: 3 },
);
