import { beforeAll, describe, expect, test } from 'vitest';
import { acceptRequest } from '../../../src/core/authn-requests/accept-request.ts';
import { verifySignature } from '../../../src/core/authn-requests/checks/signature.ts';
import type { Biller } from '../../../src/core/billers/biller.ts';
import { explainRequest } from '../../../src/diagnostics/inspect/explain-request.ts';
import { readAuthnRequest } from '../../../src/protocols/saml/reading/authn-request.ts';
import { decodePost, decodeRedirect } from '../../../src/protocols/saml/reading/decode.ts';
import {
  authnRequest,
  postFields,
  redirectQuery,
  signedMessage,
  signedQuery,
} from '../../support/saml/authn-request.ts';
import { makeSigningKey, type SigningKey } from '../../support/saml/saml.ts';
import { newBiller } from '../billers/biller.ts';

const EVIL = 'https://evil.example/acs';
let key: SigningKey;
let biller: Biller;
beforeAll(async () => {
  key = await makeSigningKey('RSA-2048');
  const { serviceProvider, ...rest } = newBiller();
  biller = { ...rest, serviceProvider: { ...serviceProvider, signingCertificates: [key.signer.certificate] } };
});

const posted = (xml: string, more: Record<string, string> = {}) =>
  decodePost(new Map(Object.entries({ ...postFields(xml), ...more })));
function redirected(query: string) {
  const parameters = new Map(new URLSearchParams(query));
  return decodeRedirect(parameters, query);
}
const request = (attributes: Record<string, string> = {}) => authnRequest({ attributes });
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    const { code, reason } = error as { code?: string; reason?: { code: string } };
    return reason?.code ?? code ?? String(error);
  }
  return 'accepted';
};

test('a signed message is read from the bytes that the signature covers, no matter what was read before', {
  meta: { holds: ['IDP-031', 'IDP-032'], source: 'SAML Core 5.4' },
}, () => {
  const message = posted(signedMessage(request({ ID: '_good' }), key));
  const before = readAuthnRequest(message.xml);
  const verified = verifySignature(message, { ...before, id: '_evil', acsUrl: EVIL }, biller);
  expect(verified).toEqual({ ...before, signed: true });
});

describe('a detached signature of a POST message, which needs an embedded one,', () => {
  test.each([
    ['Signature', { Signature: 'AAAA' }],
    ['SigAlg', { SigAlg: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256' }],
  ])('is not ignored: %s', { meta: { holds: ['IDP-031'], source: 'SAML Bindings 3.5.4' } }, (_name, beside) => {
    const message = posted(request(), beside);
    expect(codeOf(() => acceptRequest(message, biller, Date.now()))).toBe('signature_invalid');
    expect(explainRequest(message, biller, Date.now()).find(({ check }) => check === 'Signature')).toMatchObject({
      passed: false,
      expected: expect.stringContaining('inside'),
      found: expect.stringContaining('beside'),
    });
  });

  test('does no harm if the message also has an embedded signature', {
    meta: { holds: ['IDP-031'], source: 'SAML Bindings 3.5.4' },
  }, () => {
    const signed = signedMessage(request({ Destination: biller.ssoUrl }), key);
    expect(codeOf(() => acceptRequest(posted(signed, { Signature: 'AAAA' }), biller, Date.now()))).toBe('accepted');
  });
});

describe('a signed message must name its destination', {
  meta: { holds: ['IDP-022'], source: 'SAML Bindings 3.4.5.2, 3.5.5.2' },
}, () => {
  const ways = {
    'HTTP-Redirect': (attributes: Record<string, string>) =>
      redirected(signedQuery(redirectQuery(request(attributes)), key)),
    'HTTP-POST': (attributes: Record<string, string>) => posted(signedMessage(request(attributes), key)),
  };

  test.each(Object.entries(ways))(
    'and the explanation agrees with the sign-on: %s',
    { meta: { holds: ['IDP-022'], source: 'project rule' } },
    (_way, bring) => {
      const explained = (attributes: Record<string, string>) =>
        explainRequest(bring(attributes), biller, Date.now()).filter(({ passed }) => !passed);
      expect(codeOf(() => acceptRequest(bring({}), biller, Date.now()))).toBe('destination_wrong');
      expect(explained({})).toMatchObject([{ check: 'Destination', code: 'destination_wrong' }]);
      expect(explained({ Destination: biller.ssoUrl })).toEqual([]);
    },
  );

  test('even if the signature is invalid', { meta: { holds: ['IDP-022'], source: 'project rule' } }, () => {
    const query = redirectQuery(request());
    const message = redirected(`${signedQuery(query, key)}x`);
    const failed = explainRequest(message, biller, Date.now()).filter(({ passed }) => !passed);
    expect(failed.map(({ check }) => check)).toEqual(['Signature', 'Destination']);
  });
});
