import { beforeAll, expect, test } from 'vitest';
import type { AssertionContent } from '../../src/protocols/saml/writing/assertion.ts';
import { newSamlId } from '../../src/protocols/saml/writing/id.ts';
import { makeErrorResponse, makeResponse } from '../../src/protocols/saml/writing/response.ts';
import { ACS, assertionContent, ISSUER, makeSigningKey, type SigningKey } from '../support/saml/saml.ts';
import { nodeSamlAccepts } from './verifiers.ts';

let key: SigningKey;
beforeAll(async () => {
  key = await makeSigningKey('RSA-2048');
});

async function judged(content: Partial<AssertionContent>, expectations: Parameters<typeof nodeSamlAccepts>[1] = {}) {
  const xml = await makeResponse(newSamlId(), assertionContent(content), 'both', key.signer);
  return nodeSamlAccepts({ xml, signed: 'both', certificate: key.signer.certificate }, expectations);
}

test('a Response to its own request is accepted, with its claims', {
  meta: { holds: ['IDP-038', 'IDP-045', 'IDP-046', 'IDP-058'], source: 'SAML Profiles 4.1.4.3' },
}, async () => {
  expect(await judged({ inResponseTo: '_asked' }, { requestId: '_asked' })).toEqual({
    nameId: 'pat@example.com',
    claims: { Email: ['pat@example.com'], LoginType: ['5'], AccountNumber: ['101Invoice'] },
  });
});

const now = Date.now();
const refused: [string, readonly string[], Partial<AssertionContent>, Parameters<typeof nodeSamlAccepts>[1], RegExp][] =
  [
    [
      'a response to another request',
      ['IDP-038', 'IDP-045'],
      { inResponseTo: '_asked' },
      { requestId: '_other' },
      /InResponseTo/,
    ],
    ['an unsolicited response', ['IDP-038', 'IDP-045'], { inResponseTo: undefined }, {}, /InResponseTo is missing/],
    ['a response for another audience', ['IDP-046'], {}, { audience: 'https://other.example' }, /audience mismatch/],
    [
      'an expired response',
      ['IDP-046'],
      { notBefore: now - 2000, notOnOrAfter: now - 1000 },
      {},
      /expired|subject confirmation/,
    ],
    [
      'a response from the future',
      ['IDP-046'],
      { notBefore: now + 3_600_000, notOnOrAfter: now + 7_200_000 },
      {},
      /not yet valid|confirmation/,
    ],
  ];
for (const [what, holds, content, expectations, reason] of refused) {
  test(`${what} is refused`, { meta: { holds, source: 'SAML Profiles 4.1.4.3' } }, async () => {
    await expect(judged(content, expectations)).rejects.toThrow(reason);
  });
}

test('an error Response is recognized', {
  meta: { holds: ['IDP-033', 'IDP-040'], source: 'SAML Core 3.2.2.2' },
}, async () => {
  const content = { id: newSamlId(), issuer: ISSUER, issueInstant: now, destination: ACS, inResponseTo: '_request-1' };
  const status = { codes: ['Requester', 'InvalidNameIDPolicy'], message: 'The name format is not available' } as const;
  const xml = await makeErrorResponse(content, status, 'both', key.signer);
  await expect(nodeSamlAccepts({ xml, signed: 'both', certificate: key.signer.certificate })).rejects.toThrow(
    'SAML provider returned Requester error: The name format is not available',
  );
  const passive = await makeErrorResponse(content, { codes: ['Responder', 'NoPassive'] }, 'both', key.signer);
  // No profile and no error: this is how node-saml reports NoPassive, once the signature is verified.
  expect(await nodeSamlAccepts({ xml: passive, signed: 'both', certificate: key.signer.certificate })).toEqual({
    nameId: '',
    claims: {},
  });
});
