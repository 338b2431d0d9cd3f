import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { IdpError } from '../../src/platform/errors/idp-error.ts';
import { readParameters } from '../../src/platform/http/parameters.ts';
import { readAuthnRequest } from '../../src/protocols/saml/reading/authn-request.ts';
import { decodeRedirect } from '../../src/protocols/saml/reading/decode.ts';
import { XmlError } from '../../src/protocols/saml/reading/xml.ts';
import { verifyPostSignature } from '../../src/protocols/saml/signatures/verify-post-signature.ts';
import { verifyRedirectSignature } from '../../src/protocols/saml/signatures/verify-redirect-signature.ts';
import { authnRequest, redirectQuery, signedMessage, signedQuery } from '../support/saml/authn-request.ts';
import { makeSigningKey, type SigningKey } from '../support/saml/saml.ts';
import { changed, HOSTILE, textChange } from './mutations.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 2_000) / 2;
const EXCLUSIVE = 'http://www.w3.org/2001/10/xml-exc-c14n#';

let key: SigningKey;
/** A message that the Service Provider signed, and its content. */
let signed: string;
let said: ReturnType<typeof readAuthnRequest>;
let evil: string;

beforeAll(async () => {
  key = await makeSigningKey('RSA-2048');
  const request = authnRequest({
    attributes: { ID: '_good', Destination: 'https://idp.example/saml/riverton/sso' },
    inside: '<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"/>',
  });
  signed = signedMessage(request, key);
  said = readAuthnRequest(request);
  evil = authnRequest({ attributes: { ID: '_evil', AssertionConsumerServiceURL: 'https://evil.example/acs' } });
});

/** @returns what is read from a message after verifying its signature; undefined if it is refused */
function readVerified(xml: string): ReturnType<typeof readAuthnRequest> | undefined {
  try {
    return readAuthnRequest(verifyPostSignature(xml, [key.signer.certificate]));
  } catch (error) {
    // Any other error would be a bug, and a response of 500.
    if (error instanceof IdpError || error instanceof XmlError) return undefined;
    throw error;
  }
}

const PIECES = [
  ' xml:id="_good"',
  ' x:ID="_good" xmlns:x="urn:x"',
  ' ID="_good"',
  ' Id="_good"',
  ' id="_good"',
  ' xmlns="urn:oasis:names:tc:SAML:2.0:protocol"',
  ' xmlns:saml="urn:x"',
  ' xmlns:ds="urn:x"',
  ' xml:space="preserve"',
  ' xml:lang="en"',
  ' AssertionConsumerServiceURL="https://evil.example/acs"',
  ' ForceAuthn="true"',
  '<![CDATA[]]>',
  '<![CDATA[x]]>',
  '<!---->',
  '<?x?>',
  '<!DOCTYPE x>',
  '&#32;',
  '&#x0;',
  '&#13;',
  '&amp;',
  '\r\n',
  '\u0085',
  '\u2028',
  '\u00a0',
  '\ufeff',
  '<x/>',
  '<x xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>',
  '<saml:Issuer>https://evil.example</saml:Issuer>',
  '<samlp:Extensions ID="_good"/>',
  '</samlp:AuthnRequest><samlp:AuthnRequest>',
];

/** Interesting positions: at the borders of tags, attributes and texts. */
const bordersOf = (xml: string) => [...xml.matchAll(/[<>" =]|(?<=[<>" =])/g)].map(({ index }) => index);

const place = fc.double({ min: 0, max: 1, noNaN: true });
const change = fc.oneof(
  fc.record({ kind: fc.constant('insert' as const), at: place, piece: fc.constantFrom(...PIECES) }),
  fc.record({ kind: fc.constant('cut' as const), at: place, to: place }),
  fc.record({ kind: fc.constant('move' as const), at: place, to: place, length: fc.nat(3) }),
  fc.record({ kind: fc.constant('copy' as const), at: place, to: place, length: fc.nat(3) }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Elements of the message from first to last character, so that moving one leaves well-formed XML. */
const elementsOf = (xml: string) =>
  [...xml.matchAll(/<([\w:]+)[^>]*?(?:\/>|>)/g)].map((match) => {
    const end = xml.indexOf(`</${match[1]}>`, match.index);
    const length = match[0].endsWith('/>') || end < 0 ? match[0].length : end - match.index + `</${match[1]}>`.length;
    return { from: match.index, to: match.index + length };
  });

function apply(xml: string, one: Change): string {
  const borders = bordersOf(xml);
  const border = (at: number) => borders[Math.floor(at * (borders.length - 1))] ?? 0;
  if (one.kind === 'insert') {
    const at = border(one.at);
    return xml.slice(0, at) + one.piece + xml.slice(at);
  }
  const elements = elementsOf(xml);
  const element = elements[Math.floor(one.at * (elements.length - 1))] ?? { from: 0, to: 0 };
  const text = xml.slice(element.from, element.to);
  if (one.kind === 'cut') return xml.slice(0, element.from) + xml.slice(element.to);
  const rest = one.kind === 'move' ? xml.slice(0, element.from) + xml.slice(element.to) : xml;
  const starts = elementsOf(rest).map(({ from }) => from);
  const at = starts[Math.floor(one.to * (starts.length - 1))] ?? 0;
  return rest.slice(0, at) + text + rest.slice(at);
}

test('no matter how a signed message is mutated, either the signed content is trusted or nothing', {
  meta: { holds: ['IDP-031', 'IDP-032', 'IDP-100'], source: 'SAML Core 5.4' },
}, () => {
  expect(readVerified(signed)).toEqual(said);
  const outcomes = { believed: 0, refused: 0 };
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const read = readVerified(changes.reduce(apply, signed));
      outcomes[read === undefined ? 'refused' : 'believed'] += 1;
      if (read !== undefined) expect(read).toEqual(said);
    }),
    { seed: 32, numRuns: RUNS },
  );
  // Some mutations are outside the signed part, or do not survive canonicalization.
  expect(outcomes.refused).toBeGreaterThan(RUNS / 2);
  expect(outcomes.believed).toBeGreaterThan(0);
});

describe('an evil message around, next to or before the signed one is never trusted', {
  meta: { holds: ['IDP-032'], source: 'SAML Core 5.4' },
}, () => {
  const signature = () => signed.slice(signed.indexOf('<ds:Signature'), signed.indexOf('</ds:Signature>') + 15);
  const bare = () => signed.replace(signature(), '');
  const inEvil = (inside: string) => evil.replace('</samlp:AuthnRequest>', `${inside}</samlp:AuthnRequest>`);
  const shapes: [string, () => string][] = [
    ['around it, with its ID', () => inEvil(signature() + bare()).replace('ID="_evil"', 'ID="_good"')],
    [
      'around it, its ID in a namespace',
      () => inEvil(signature() + bare()).replace('ID="_evil"', 'x:ID="_good" xmlns:x="urn:x"'),
    ],
    ['around it, its ID as xml:id', () => inEvil(signature() + bare()).replace('ID="_evil"', 'xml:id="_good"')],
    [
      'around it, and the ID of the signed one in a namespace',
      () =>
        inEvil(signature() + bare().replace('ID="_good"', 'x:ID="_good" xmlns:x="urn:x"')).replace(
          '"_evil"',
          '"_good"',
        ),
    ],
    [
      'in the Object of its signature',
      () => signed.replace('</ds:Signature>', `<ds:Object>${evil}</ds:Object></ds:Signature>`),
    ],
    ['in its KeyInfo', () => signed.replace('</ds:KeyInfo>', `${evil}</ds:KeyInfo>`)],
    ['after it', () => signed + evil],
    ['before it', () => evil + signed],
    ['with its signature', () => evil.replace('</saml:Issuer>', `</saml:Issuer>${signature()}`)],
    [
      'with its signature and ID',
      () => evil.replace('</saml:Issuer>', `</saml:Issuer>${signature()}`).replace('_evil', '_good'),
    ],
    [
      'in a DOCTYPE that declares IDs',
      () => `<!DOCTYPE x [<!ATTLIST x y ID #IMPLIED>]>${inEvil(signature() + bare())}`,
    ],
  ];

  test.each(shapes)('%s', { meta: { holds: ['IDP-032'], source: 'SAML Core 5.4' } }, (_title, make) => {
    expect([undefined, said]).toContainEqual(readVerified(make()));
  });
});

test('huge numbers of prefixes to look up at every element: refused before any lookup', {
  meta: { holds: ['IDP-100'], source: 'Exclusive C14N 4' },
}, () => {
  const list = (count: number) =>
    `<ec:InclusiveNamespaces xmlns:ec="${EXCLUSIVE}" PrefixList="${Array.from({ length: count }, (_, number) => `p${number}`).join(' ')}"/>`;
  for (const name of ['CanonicalizationMethod', 'Transform']) {
    const empty = `<ds:${name} Algorithm="${EXCLUSIVE}"/>`;
    expect(signed).toContain(empty);
    const withList = signed.replace(empty, `<ds:${name} Algorithm="${EXCLUSIVE}">${list(2_000)}</ds:${name}>`);
    expect(() => verifyPostSignature(withList, [key.signer.certificate])).toThrow(
      /a PrefixList of at most 200 characters/,
    );
  }
});

/** @returns the trusted message and RelayState of a query; undefined if it is refused */
function readVerifiedQuery(query: string): { xml: string; relayState: string | undefined } | undefined {
  try {
    const { xml, relayState, signedQuery: covered } = decodeRedirect(readParameters(query), query);
    // Without a signature, a biller that requires one refuses.
    if (covered === undefined) return undefined;
    verifyRedirectSignature(covered, [key.signer.certificate]);
    return { xml, relayState };
  } catch (error) {
    if (error instanceof IdpError) return undefined;
    throw error;
  }
}

test('no matter how a signed query is mutated, either the signed content is trusted or nothing', {
  meta: { holds: ['IDP-031', 'IDP-100'], source: 'SAML Bindings 3.4.4.1' },
}, () => {
  const xml = authnRequest({ attributes: { Destination: 'https://idp.example/saml/riverton/sso' } });
  const whole = signedQuery(redirectQuery(xml, "a b!'()*~é&=+"), key);
  const without = signedQuery(redirectQuery(xml), key);
  expect(readVerifiedQuery(whole)).toEqual({ xml, relayState: "a b!'()*~é&=+" });
  expect(readVerifiedQuery(without)).toEqual({ xml, relayState: undefined });
  const outcomes = { believed: 0, refused: 0 };
  const inQuery = fc.oneof(
    textChange,
    fc.constantFrom(...HOSTILE, 'RelayState=x', 'RelayState', 'SAMLRequest=x', '=', '&&'),
  );
  fc.assert(
    fc.property(fc.boolean(), fc.array(inQuery, { minLength: 1, maxLength: 2 }), (withRelayState, changes) => {
      const signedOne = withRelayState ? whole : without;
      const query = changes.reduce<string>(
        (text, one) => (typeof one === 'string' ? `${text}&${one}` : changed(text, one)),
        signedOne,
      );
      const read = readVerifiedQuery(query);
      outcomes[read === undefined ? 'refused' : 'believed'] += 1;
      if (read !== undefined) expect(read).toEqual(readVerifiedQuery(signedOne));
    }),
    { seed: 31, numRuns: RUNS },
  );
  expect(outcomes.refused).toBeGreaterThan(RUNS / 4);
  expect(outcomes.believed).toBeGreaterThan(0);
});
