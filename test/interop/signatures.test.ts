import { beforeAll, describe, expect, test } from 'vitest';
import { ATTRIBUTE_NAME_FORMATS } from '../../src/protocols/saml/names.ts';
import type { AssertionContent } from '../../src/protocols/saml/writing/assertion.ts';
import { newSamlId } from '../../src/protocols/saml/writing/id.ts';
import { makeResponse, SIGN_CHOICES } from '../../src/protocols/saml/writing/response.ts';
import { assertionContent, cutAssertion, HOSTILE, makeSigningKey, type SigningKey } from '../support/saml/saml.ts';
import { xmlsecVerify } from '../support/saml/xml-tools.ts';
import { verifiers, xmlCryptoVerify } from './verifiers.ts';

const KEY_TYPES = ['RSA-2048', 'EC-P256'] as const;
type KeyTypeHere = (typeof KEY_TYPES)[number];
let keys: Record<KeyTypeHere, SigningKey>;
let otherKeys: Record<KeyTypeHere, SigningKey>;

beforeAll(async () => {
  const pair = async () => ({
    'RSA-2048': await makeSigningKey('RSA-2048'),
    'EC-P256': await makeSigningKey('EC-P256'),
  });
  [keys, otherKeys] = await Promise.all([pair(), pair()]);
});

/** One claim for each hostile value, alone and inside others. */
const withClaims = (values: readonly string[]): AssertionContent =>
  assertionContent({
    nameId: '&<>"\'é😀',
    attributes: values.map((value, index) => ({
      name: `Claim${index}`,
      nameFormat: ATTRIBUTE_NAME_FORMATS.basic,
      values: [value, `a${value}z`],
    })),
  });

const asSeen = ({ nameId, attributes }: AssertionContent) => ({
  nameId,
  claims: Object.fromEntries(attributes.map(({ name, values }) => [name, values])),
});

describe.each(verifiers)('$name', ({ keyTypes, misread, verify }) => {
  const cases = KEY_TYPES.filter((type) => keyTypes.includes(type)).flatMap((type) =>
    SIGN_CHOICES.map((signed) => [signed, type] as const),
  );

  test.each(cases)(
    'accepts a Response signed %s by a key of type %s, and reads every hostile value unchanged',
    { meta: { holds: ['IDP-050', 'IDP-052', 'IDP-058'], source: 'XML Signature 4.4; SAML Core 5' } },
    async (signed, type) => {
      const { signer } = keys[type];
      const content = withClaims(HOSTILE.filter((value) => !misread.test(value)));
      const xml = await makeResponse(newSamlId(), content, signed, signer);
      const seen = await verify({ xml, signed, certificate: signer.certificate });
      expect(seen).toEqual(asSeen(content));
    },
  );

  test.each(cases)(
    'refuses a Response signed %s by another key of type %s, regardless of KeyInfo',
    { meta: { holds: ['IDP-058'], source: 'XML Signature 4.5' } },
    async (signed, type) => {
      const { signer } = keys[type];
      const xml = await makeResponse(newSamlId(), assertionContent(), signed, otherKeys[type].signer);
      await expect(verify({ xml, signed, certificate: signer.certificate })).rejects.toThrow();
      const posing = { ...otherKeys[type].signer, certificate: signer.certificate };
      const disguised = await makeResponse(newSamlId(), assertionContent(), signed, posing);
      await expect(verify({ xml: disguised, signed, certificate: signer.certificate })).rejects.toThrow();
    },
  );

  test('refuses what it misreads, rather than reading a different value', async () => {
    const { signer } = keys['RSA-2048'];
    for (const value of HOSTILE.filter((hostile) => misread.test(hostile))) {
      const xml = await makeResponse(newSamlId(), withClaims([value]), 'both', signer);
      await expect(verify({ xml, signed: 'both', certificate: signer.certificate })).rejects.toThrow(/signature/i);
    }
  });
});

test.each(KEY_TYPES.flatMap((type) => (['assertion', 'both'] as const).map((signed) => [signed, type] as const)))(
  'signed %s by a key of type %s, the assertion verifies when cut out of the Response',
  { meta: { holds: ['IDP-059'], source: 'Exclusive C14N 1.0, 1.1' } },
  async (signed, type) => {
    const { signer, certificatePem } = keys[type];
    const content = withClaims(HOSTILE.filter((value) => !/[\u0085\u2028]/.test(value)));
    const cut = cutAssertion(await makeResponse(newSamlId(), content, signed, signer));
    expect(xmlsecVerify(cut, certificatePem)).toMatchObject({ status: 0 });
    expect(xmlCryptoVerify(cut, certificatePem, 'Assertion')).toContain(`ID="${content.id}"`);
    const grafted = `<x:other xmlns:x="urn:x" xmlns="urn:default">${cut}</x:other>`;
    expect(xmlsecVerify(grafted, certificatePem)).toMatchObject({ status: 0 });
  },
);
