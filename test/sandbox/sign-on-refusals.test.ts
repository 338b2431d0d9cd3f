import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attempt, goodParts, onboard, post, publicUrl, type Stage, setStage, start } from './support.ts';
import { makeTestKey, newId, type ResponseParts, writeErrorResponse, writeResponse } from './test-idp.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

describe('a Response is refused', () => {
  const otherKey = makeTestKey('Somebody Else');
  const past = Date.now() - 20 * 60_000;
  const claims = (email: string, loginType: string, account: string): Partial<ResponseParts> => ({
    claims: [
      ['Email', email],
      ['LoginType', loginType],
      ['AccountNumber', account],
    ],
  });
  const cases: ReadonlyArray<readonly [string, Partial<ResponseParts>, string, RegExp]> = [
    ['unsigned', { sign: 'none' }, 'response-refused', /Invalid signature/],
    ['with only the Response signed', { sign: 'response' }, 'response-refused', /Invalid signature/],
    ['signed by another key', { key: otherKey }, 'response-refused', /Invalid signature/],
    [
      'signed by another key in both places',
      { key: otherKey, sign: 'both' },
      'response-refused',
      /Invalid document signature/,
    ],
    [
      'signed with SHA-1',
      { signatureAlgorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' },
      'response-refused',
      /rsa-sha1/,
    ],
    ['for another audience', { audience: 'https://elsewhere.example/' }, 'response-refused', /audience mismatch/],
    ['from another issuer', { issuer: 'https://elsewhere.example/' }, 'response-refused', /Issuer of the Response/],
    [
      'with an assertion from another issuer',
      { assertionIssuer: 'https://elsewhere.example/' },
      'response-refused',
      /Issuer of the assertion/,
    ],
    [
      'issued in the future but valid now',
      { issuedAt: Date.now() + 3_600_000, validFrom: Date.now() - 1000 },
      'response-refused',
      /issued in the future/,
    ],
    [
      'to another InResponseTo',
      { inResponseTo: '_other', subjectInResponseTo: '_other' },
      'response-refused',
      /InResponseTo is not valid/,
    ],
    [
      'with an assertion that names another InResponseTo',
      { subjectInResponseTo: '_other' },
      'response-refused',
      /InResponseTo/,
    ],
    [
      'that has expired',
      { issuedAt: Date.now() - 120_000 },
      'response-refused',
      /No valid subject confirmation|expired/,
    ],
    [
      'that is too old but claims to be valid',
      { issuedAt: past, lifeMs: 86_400_000 },
      'response-refused',
      /No valid subject confirmation|too old/,
    ],
    ['from the future', { issuedAt: Date.now() + 3_600_000 }, 'response-refused', /not yet valid|in the future/],
    ['with another Destination', { destination: `${publicUrl}/elsewhere` }, 'response-refused', /Destination/],
    ['with another Recipient', { recipient: `${publicUrl}/elsewhere` }, 'response-refused', /Recipient/],
    [
      'with another NameID format',
      { nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' },
      'response-refused',
      /NameID/,
    ],
    [
      'with another account',
      claims('pat@example.com', '5', '102Invoice'),
      'account-mismatch',
      /The account in the link does not match the claim/,
    ],
    [
      'without an account',
      {
        claims: [
          ['Email', 'pat@example.com'],
          ['LoginType', '5'],
        ],
      },
      'claim-refused',
      /AccountNumber is missing/,
    ],
    ['with an empty account', claims('pat@example.com', '5', ''), 'claim-refused', /AccountNumber/],
    [
      'with a LoginType that is not a number',
      claims('pat@example.com', 'owner', '101Invoice'),
      'claim-refused',
      /"owner"; it must be a whole number/,
    ],
    [
      'without a LoginType',
      {
        claims: [
          ['Email', 'pat@example.com'],
          ['AccountNumber', '101Invoice'],
        ],
      },
      'claim-refused',
      /LoginType is missing/,
    ],
    ['with an invalid Email', claims('pat', '5', '101Invoice'), 'claim-refused', /Email/],
    [
      'with a duplicate claim',
      {
        claims: [
          ['Email', 'a@b.example'],
          ['Email', 'c@d.example'],
          ['LoginType', '5'],
          ['AccountNumber', '101Invoice'],
        ],
      },
      'response-refused',
      /appears twice/,
    ],
  ];
  test.each(cases)('%s', async (_name, changes, error, reason) => {
    const response = await attempt(stage, changes);
    expect(response.json()).toMatchObject({ error, reason: expect.stringMatching(reason) });
    expect(response.statusCode).toBe(403);
    expect(response.cookies).toEqual([]);
  });

  test('when its content was changed after signing', async () => {
    const started = await start(stage);
    const good = Buffer.from(writeResponse(goodParts(stage, started)), 'base64').toString();
    const changed = Buffer.from(good.replace('>5<', '>1<')).toString('base64');
    expect(changed).not.toBe(Buffer.from(good).toString('base64'));
    expect((await post(stage, changed, started.relayState)).json()).toMatchObject({ error: 'response-refused' });
  });

  test('when a forged assertion takes the place of the signed one, which is moved elsewhere', async () => {
    const started = await start(stage, 'account=999&ViewMode=0&DeepLinkID=1');
    const parts = goodParts(stage, started);
    const signed = Buffer.from(writeResponse(parts), 'base64').toString();
    const original = signed.slice(signed.indexOf('<a:Assertion'), signed.indexOf('</p:Response>'));
    const forged = original.replace(parts.assertionId, newId()).replace('>101Invoice<', '>999<');
    const extensions = `<p:Extensions>${original}</p:Extensions>`;
    const wrapped = signed.replace(original, forged).replace('<p:Status>', `${extensions}<p:Status>`);
    const response = await post(stage, Buffer.from(wrapped).toString('base64'), started.relayState);
    expect(response.json()).toMatchObject({ error: 'response-refused', reason: expect.stringMatching(/signature/) });
  });

  test('when the RelayState belongs to another biller', async () => {
    const other = randomUUID();
    expect((await onboard(stage.app, { billerGuid: other, metadataUrl: stage.idp.metadataUrl })).status).toBe(200);
    const started = await start(stage);
    const response = await post(
      { app: stage.app, guid: other },
      writeResponse(goodParts({ ...stage, guid: other }, started)),
      started.relayState,
    );
    expect(response.json()).toMatchObject({ error: 'unknown-relay-state' });
  });

  test('when it is posted twice', async () => {
    const started = await start(stage);
    const good = writeResponse(goodParts(stage, started));
    expect((await post(stage, good, started.relayState)).statusCode).toBe(303);
    const again = await post(stage, good, started.relayState);
    expect(again.statusCode).toBe(403);
    expect(again.json()).toMatchObject({ error: 'unknown-relay-state' });
  });

  test('when its assertion ID was already used, even in another sign-on', async () => {
    const assertionId = newId();
    expect((await attempt(stage, { assertionId })).statusCode).toBe(303);
    expect((await attempt(stage, { assertionId })).json()).toMatchObject({
      error: 'response-refused',
      reason: expect.stringMatching(/was already used/),
    });
  });

  test('when the Response for one sign-on comes with the RelayState of another', async () => {
    const [first, second] = [await start(stage), await start(stage, 'account=999&ViewMode=0&DeepLinkID=1')];
    const response = await post(stage, writeResponse(goodParts(stage, first)), second.relayState);
    expect(response.json()).toMatchObject({ error: 'response-refused', reason: expect.stringMatching(/InResponseTo/) });
  });

  test('when it contains a document type declaration', async () => {
    const started = await start(stage);
    const good = Buffer.from(writeResponse(goodParts(stage, started)), 'base64').toString();
    const response = await post(stage, Buffer.from(`<!DOCTYPE x>${good}`).toString('base64'), started.relayState);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ error: 'malformed-response', reason: expect.stringMatching(/DOCTYPE/) });
  });

  test('when the Identity Provider reports an error, whose message is shown', async () => {
    const started = await start(stage);
    const response = await post(stage, writeErrorResponse(goodParts(stage, started)), started.relayState);
    expect(response.json()).toMatchObject({
      error: 'identity-provider-error',
      reason: expect.stringMatching(/Responder \/ AuthnFailed: no such user/),
    });
  });

  test.each([
    ['SAMLResponse is missing', { RelayState: 'x' }],
    ['RelayState is missing', { SAMLResponse: 'x' }],
  ])('when %s', async (_name, form) => {
    const response = await stage.app.inject({
      method: 'POST',
      url: `/saml/${stage.guid}/acs`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(form).toString(),
    });
    expect(response.statusCode).toBe(400);
    expect(response.body).toContain('data-testid="refusal"');
  });
});
