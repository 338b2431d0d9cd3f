import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { newSamlId } from '../../src/protocols/saml/writing/id.ts';
import { makeResponse, SIGN_CHOICES, type SignChoice } from '../../src/protocols/saml/writing/response.ts';
import { assertionContent, cutAssertion, makeSigningKey, type SigningKey } from '../support/saml/saml.ts';
import { libxmlCanonicalForm } from '../support/saml/xml-tools.ts';
import { verifiers } from './verifiers.ts';

const SEED = 20_260_301;
/** How many flips each verifier gets for each kind of signing; those that start a program get fewer. */
const RUNS: Readonly<Record<string, number>> = { xmlsec1: 25, 'xml-crypto': 200, samlify: 20, 'node-saml': 100 };

let key: SigningKey;
beforeAll(async () => {
  key = await makeSigningKey('RSA-2048');
  // The JavaScript packages' parser warns about each broken document.
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

/**
 * The bytes in which a single flipped bit must invalidate the signature: the signed element with its SignedInfo and
 * SignatureValue. KeyInfo is excluded, because the signature does not cover it (XML Signature 4.5). So is the end of
 * the SignatureValue, whose last character has bits that base64 does not use.
 *
 * @returns positions in the document
 */
function coveredBytes(document: Buffer, signed: SignChoice): number[] {
  const xml = document.toString('utf8');
  const element = signed === 'response' ? xml : cutAssertion(xml);
  const start = document.indexOf(element);
  const end = start + Buffer.byteLength(element);
  const valueEnd = document.indexOf('</ds:SignatureValue>', start) - 4;
  const signatureEnd = document.indexOf('</ds:Signature>', start);
  return Array.from({ length: end - start }, (_, index) => start + index).filter(
    (position) => position < valueEnd || position > signatureEnd,
  );
}

/**
 * No bit flip turns white space into white space, or makes a letter of a character reference upper case: there are
 * none.
 */
const plain = () => assertionContent({ nameId: 'zoë.o’hara@example.com' });

describe.each(verifiers)('$name', ({ name, verify }) => {
  test.each(SIGN_CHOICES)(
    'refuses a Response signed %s with any single bit of the signed part flipped',
    { meta: { holds: ['IDP-058'], source: 'XML Signature 3.2' } },
    async (signed) => {
      const { signer } = key;
      const document = Buffer.from(await makeResponse(newSamlId(), plain(), signed, signer));
      const whole = await verify({ xml: document.toString(), signed, certificate: signer.certificate });
      const position = fc.constantFrom(...coveredBytes(document, signed));
      await fc.assert(
        fc.asyncProperty(position, fc.integer({ min: 0, max: 7 }), async (at, bit) => {
          const flipped = Buffer.from(document);
          flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << bit), at);
          const xml = flipped.toString();
          const outcome = await verify({ xml, signed, certificate: signer.certificate }).catch(() => 'refused');
          if (outcome === 'refused') return;
          // A lenient parser may repair broken XML, such as a missing space between attributes. The result must then be
          // what was signed.
          expect(() => libxmlCanonicalForm(xml)).toThrow();
          expect(outcome).toEqual(whole);
        }),
        { seed: SEED, numRuns: RUNS[name] ?? 0 },
      );
    },
  );
});

test.each(SIGN_CHOICES)(
  'signed %s, another account, email or audience instead of the signed one is refused by all',
  { meta: { holds: ['IDP-058'], source: 'XML Signature 3.2' } },
  async (signed) => {
    const { signer } = key;
    const xml = await makeResponse(newSamlId(), plain(), signed, signer);
    const changes = [
      ['>101Invoice<', '>102Invoice<'],
      ['zoë.o’hara@', 'pat@'],
      ['>https://sso.invoicecloud.example/saml<', '>https://evil.example<'],
      ['NotOnOrAfter="2', 'NotOnOrAfter="3'],
    ] as const;
    for (const [from, to] of changes) {
      const changed = xml.replaceAll(from, to);
      expect(changed).not.toBe(xml);
      for (const { verify } of verifiers) {
        await expect(verify({ xml: changed, signed, certificate: signer.certificate })).rejects.toThrow();
      }
    }
  },
);
