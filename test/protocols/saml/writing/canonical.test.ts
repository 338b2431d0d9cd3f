import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Signer } from '../../../../src/protocols/saml/signatures/signer.ts';
import type { AssertionContent } from '../../../../src/protocols/saml/writing/assertion.ts';
import {
  escapeAttribute,
  escapeText,
  isWritable,
  UnwritableTextError,
} from '../../../../src/protocols/saml/writing/escape.ts';
import { makeResponse, SIGN_CHOICES } from '../../../../src/protocols/saml/writing/response.ts';
import { all, attributes, exclusiveCanonicalForm, only, parseDom } from '../../../support/saml/dom.ts';
import { assertionContent, cutAssertion, HOSTILE } from '../../../support/saml/saml.ts';
import { libxmlCanonicalForm } from '../../../support/saml/xml-tools.ts';

/** Unwritable characters, one for each range outside the Char production (XML 1.0, 2.2). */
const UNWRITABLE = [
  '\0',
  '\u0001',
  '\u0008',
  '\u000B',
  '\u000C',
  '\u000E',
  '\u001F',
  '\uD800',
  '\uDFFF',
  '\uFFFE',
  '\uFFFF',
];

const writable = fc
  .array(
    fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...HOSTILE) }, fc.string({ unit: 'binary', maxLength: 12 })),
    {
      maxLength: 4,
    },
  )
  .map((parts) => parts.join(''))
  .filter(isWritable);
const maybe = fc.option(writable, { nil: undefined, freq: 3 });
const instant = fc.integer({ min: 0, max: 4_000_000_000 }).map((seconds) => seconds * 1000);

const content: fc.Arbitrary<AssertionContent> = fc.record({
  id: fc.constantFrom('_a1b2', '_ffff'),
  issuer: writable,
  issueInstant: instant,
  nameId: writable,
  nameIdFormat: writable,
  nameQualifier: maybe,
  spNameQualifier: maybe,
  recipient: writable,
  inResponseTo: maybe,
  notBefore: instant,
  notOnOrAfter: instant,
  audience: writable,
  authnInstant: instant,
  sessionIndex: writable,
  authnContextClassRef: writable,
  attributes: fc.array(
    fc.record({
      name: writable,
      nameFormat: writable,
      friendlyName: maybe,
      values: fc.array(writable, { minLength: 1, maxLength: 2 }),
    }),
    { maxLength: 3 },
  ),
});

/** A fast fake signer that records what it was given to sign. */
function recordingSigner() {
  const signed: string[] = [];
  const signer: Signer = {
    algorithm: 'rsa-sha256',
    certificate: 'Q2VydGlmaWNhdGU=',
    sign: async (bytes) => {
      signed.push(Buffer.from(bytes).toString('utf8'));
      return Buffer.alloc(256, signed.length);
    },
  };
  return { signer, signed };
}

async function expectCanonical(made: AssertionContent, what: (typeof SIGN_CHOICES)[number]): Promise<string> {
  const { signer, signed } = recordingSigner();
  const response = await makeResponse('_response', made, what, signer);
  const root = parseDom(response);
  const assertion = cutAssertion(response);
  expect(exclusiveCanonicalForm(root)).toBe(response);
  expect(exclusiveCanonicalForm(only(root, 'saml:Assertion'))).toBe(assertion);
  expect(exclusiveCanonicalForm(parseDom(assertion))).toBe(assertion);
  // The Response's signature comes first in the document but is made last.
  expect(all(root, 'ds:SignedInfo').map(exclusiveCanonicalForm)).toEqual(signed.toReversed());
  expect(signed).toHaveLength(what === 'both' ? 2 : 1);
  return response;
}

test.each(SIGN_CHOICES)(
  'signed %s: Response, assertion and SignedInfo are their own exclusive canonical form (Exclusive C14N 1.0, 3), for all values',
  async (what) => {
    await fc.assert(
      fc.asyncProperty(content, async (made) => {
        await expectCanonical(made, what);
      }),
      { seed: 20_260_301, numRuns: 250 },
    );
  },
);

test('all hostile values in all fields at once are canonical, according to libxml2 too', async () => {
  for (const [index, value] of HOSTILE.entries()) {
    const made = assertionContent({
      issuer: value,
      nameId: value,
      nameIdFormat: value,
      nameQualifier: value,
      spNameQualifier: value,
      recipient: value,
      inResponseTo: value,
      audience: value,
      sessionIndex: value,
      authnContextClassRef: value,
      attributes: [{ name: value, nameFormat: value, friendlyName: value, values: [value, value] }],
    });
    const response = await expectCanonical(made, SIGN_CHOICES[index % 3] ?? 'both');
    expect(libxmlCanonicalForm(response)).toBe(response);
    expect(libxmlCanonicalForm(cutAssertion(response))).toBe(cutAssertion(response));
  }
});

test('a reader gets every value back unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(writable, writable, async (text, attribute) => {
      const made = assertionContent({
        nameId: text,
        recipient: attribute,
        attributes: [{ name: attribute, nameFormat: 'urn:x', values: [text] }],
      });
      const root = parseDom(await makeResponse('_response', made, 'both', recordingSigner().signer));
      expect(only(root, 'saml:NameID').textContent).toBe(text);
      expect(only(root, 'saml:AttributeValue').textContent).toBe(text);
      expect(attributes(only(root, 'saml:SubjectConfirmationData')).Recipient).toBe(attribute);
      expect(attributes(only(root, 'saml:Attribute')).Name).toBe(attribute);
    }),
    { seed: 7, numRuns: 150 },
  );
});

test.each([
  ['&<>"\'\t\n\r', '&amp;&lt;&gt;"\'\t\n&#xD;', "&amp;&lt;>&quot;'&#x9;&#xA;&#xD;"],
  [']]>', ']]&gt;', ']]>'],
])('%j is escaped as Canonical XML 1.0, 2.3 requires', (value, text, attribute) => {
  expect(escapeText(value)).toBe(text);
  expect(escapeAttribute(value)).toBe(attribute);
});

test.each(UNWRITABLE.map((character) => [character.charCodeAt(0).toString(16).padStart(4, '0'), character]))(
  'U+%s is refused in every field before anything is signed (XML 1.0, 2.2)',
  async (_name, character) => {
    const value = `ab${character}c`;
    expect(isWritable(value)).toBe(false);
    expect(() => escapeText(value)).toThrow(new UnwritableTextError(2));
    expect(() => escapeAttribute(value)).toThrow(UnwritableTextError);
    const attribute = { name: 'Email', nameFormat: 'urn:x', values: ['x'] };
    const fields: Partial<AssertionContent>[] = [
      { issuer: value },
      { nameId: value },
      { nameIdFormat: value },
      { nameQualifier: value },
      { spNameQualifier: value },
      { recipient: value },
      { inResponseTo: value },
      { audience: value },
      { sessionIndex: value },
      { authnContextClassRef: value },
      { attributes: [{ ...attribute, name: value }] },
      { attributes: [{ ...attribute, nameFormat: value }] },
      { attributes: [{ ...attribute, friendlyName: value }] },
      { attributes: [{ ...attribute, values: [value] }] },
    ];
    for (const field of fields) {
      const { signer, signed } = recordingSigner();
      await expect(makeResponse('_r', assertionContent(field), 'both', signer)).rejects.toThrow(UnwritableTextError);
      expect(signed).toEqual([]);
    }
  },
);

test('a surrogate pair is a character, a lone surrogate is not', () => {
  expect(isWritable('\uD83D\uDE00')).toBe(true);
  expect(isWritable('\uDE00\uD83D')).toBe(false);
  expect(isWritable('\uD83D')).toBe(false);
});
