import { randomUUID, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createSandbox } from '../../sandbox/app.ts';
import { attempt, onboard, publicUrl, sharedKey } from './support.ts';
import { makeTestKey, type Published, startTestIdp, type TestIdp } from './test-idp.ts';

const secondKey = makeTestKey('Second Key');
const thirdKey = makeTestKey('Third Key');
let app: FastifyInstance;
let idp: TestIdp;
beforeAll(async () => {
  idp = await startTestIdp(sharedKey);
  app = await createSandbox({ publicUrl, idpOrigins: [new URL(idp.metadataUrl).origin] });
});
beforeEach(() => idp.publish({ body: idp.metadataWith(sharedKey) }));
afterAll(async () => {
  await app.close();
  await idp.close();
});

describe('saving the form', () => {
  test('copies Entity ID, SSO Service URL and the first signing certificate, and never fetches them again', async () => {
    idp.publish({ body: idp.metadataWith(sharedKey, secondKey) });
    const guid = randomUUID();
    const before = idp.fetches();
    const { status, json } = await onboard(app, { billerGuid: guid.toUpperCase(), metadataUrl: idp.metadataUrl });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      billerGuid: guid,
      entityId: idp.entityId,
      ssoUrl: idp.ssoUrl('redirect'),
      certificateFingerprint: new X509Certificate(sharedKey.certificatePem).fingerprint256,
    });
    expect(idp.fetches()).toBe(before + 1);

    // The Identity Provider rotates its key: the copy stays, and only the copy is trusted.
    idp.publish({ body: idp.metadataWith(secondKey) });
    const stage = { app, idp, key: sharedKey, guid, close: async () => {} };
    expect((await attempt(stage)).statusCode).toBe(303);
    expect((await attempt({ ...stage, key: secondKey })).statusCode).toBe(403);
    expect(idp.fetches()).toBe(before + 1);

    // Saving the form again makes a new copy.
    const again = await onboard(app, { billerGuid: guid, metadataUrl: idp.metadataUrl });
    expect(again.json.certificateFingerprint).toBe(new X509Certificate(secondKey.certificatePem).fingerprint256);
    expect((await attempt({ ...stage, key: secondKey })).statusCode).toBe(303);
    expect((await attempt(stage)).statusCode).toBe(403);
  });

  test('keeps all certificates if the form says so, and follows the metadata only if it fetches again', async () => {
    for (const [keeps, followed] of [
      ['all', 403],
      ['fetches-again', 303],
    ] as const) {
      const guid = randomUUID();
      idp.publish({ body: idp.metadataWith(sharedKey, secondKey) });
      expect((await onboard(app, { billerGuid: guid, metadataUrl: idp.metadataUrl, keeps })).status).toBe(200);
      const stage = { app, idp, key: sharedKey, guid, close: async () => {} };
      expect((await attempt(stage)).statusCode).toBe(303);
      expect((await attempt({ ...stage, key: secondKey })).statusCode).toBe(303);
      expect((await app.inject({ url: '/' })).body).toContain('<dd>2, the first of which is shown');
      idp.publish({ body: idp.metadataWith(thirdKey) });
      expect((await attempt({ ...stage, key: thirdKey })).statusCode).toBe(followed);
      // One that can't fetch goes on with what it has.
      idp.publish({ status: 410, body: '' });
      expect((await attempt({ ...stage, key: keeps === 'all' ? sharedKey : thirdKey })).statusCode).toBe(303);
    }
    const wrong = await onboard(app, { billerGuid: randomUUID(), metadataUrl: idp.metadataUrl, keeps: 'none' });
    expect(wrong).toMatchObject({ status: 400, json: { error: expect.stringContaining('must be first or all or') } });
  });

  test('takes the SSO Service URL of the chosen binding', async () => {
    const { json } = await onboard(app, {
      billerGuid: randomUUID(),
      metadataUrl: idp.metadataUrl,
      binding: 'HTTP-POST',
    });
    expect(json.ssoUrl).toBe(idp.ssoUrl('post'));
  });

  test('accepts a JSON body too', async () => {
    const payload = {
      billerGuid: randomUUID(),
      name: 'Water',
      metadataUrl: idp.metadataUrl,
      responseSignatureRequired: true,
    };
    const response = await app.inject({
      method: 'POST',
      url: '/onboarding',
      headers: { accept: 'application/json' },
      payload,
    });
    expect(response.statusCode).toBe(200);
  });

  test('in a browser, leads to the overview, which shows the copied data', async () => {
    const response = await app.inject({
      method: 'POST',
      url: '/onboarding',
      headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({
        billerGuid: randomUUID(),
        name: 'Sewer & Sons',
        metadataUrl: idp.metadataUrl,
      }).toString(),
    });
    expect(response.statusCode).toBe(303);
    const overview = await app.inject({ url: String(response.headers.location) });
    expect(overview.body).toContain('<strong>Sewer &#38; Sons</strong> was saved');
    expect(overview.body).toContain(idp.entityId);
    expect(overview.body).toContain(new X509Certificate(sharedKey.certificatePem).fingerprint256);
    expect(overview.headers['content-security-policy']).toContain("script-src 'self'");
  });

  test('keeps the billers across restarts if there is a store file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sandbox-store-'));
    try {
      const storeFile = join(folder, 'new', 'billers.json');
      const guid = randomUUID();
      const first = await createSandbox({ publicUrl, storeFile, idpOrigins: [new URL(idp.metadataUrl).origin] });
      await Promise.all([
        onboard(first, { billerGuid: guid, metadataUrl: idp.metadataUrl }),
        onboard(first, { billerGuid: randomUUID(), metadataUrl: idp.metadataUrl }),
      ]);
      await first.close();
      const second = await createSandbox({ publicUrl, storeFile, idpOrigins: [new URL(idp.metadataUrl).origin] });
      expect((await second.inject({ url: '/' })).body.match(/class="card biller"/g)).toHaveLength(2);
      expect((await attempt({ app: second, idp, key: sharedKey, guid, close: async () => {} })).statusCode).toBe(303);
      await second.close();
      expect(await readdir(join(folder, 'new'))).toEqual(['billers.json']);
      await writeFile(storeFile, '{"billers": 7}');
      await expect(
        createSandbox({ publicUrl, storeFile, idpOrigins: [new URL(idp.metadataUrl).origin] }),
      ).rejects.toThrow(storeFile);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('saving is refused with a reason', () => {
  const good = () => idp.metadataWith(sharedKey);
  const metadataCases: ReadonlyArray<readonly [string, () => Published, RegExp]> = [
    ['a status other than 200', () => ({ status: 404, body: '' }), /HTTP status was 404/],
    ['a redirect', () => ({ status: 302, location: idp.metadataUrl, body: '' }), /HTTP status was 302/],
    ['something that is not XML', () => ({ body: 'hello' }), /not well-formed XML/],
    ['another document', () => ({ body: '<html xmlns="http://www.w3.org/1999/xhtml"/>' }), /Its root is html/],
    ['a document type declaration', () => ({ body: `<!DOCTYPE x>${good()}` }), /DOCTYPE/],
    ['no Entity ID', () => ({ body: good().replace(/entityID="[^"]*"/, '') }), /entityID/],
    [
      'no IDPSSODescriptor',
      () => ({ body: good().replaceAll('IDPSSODescriptor', 'SPSSODescriptor') }),
      /IDPSSODescriptor/,
    ],
    ['no certificate', () => ({ body: idp.metadataWith() }), /no signing certificate/],
    [
      'an encryption certificate only',
      () => ({ body: good().replace('use="signing"', 'use="encryption"') }),
      /no signing certificate/,
    ],
    [
      'a broken certificate',
      () => ({ body: good().replace(/<ds:X509Certificate>\S{20}/, '<ds:X509Certificate>AAAA') }),
      /not a base64 X.509/,
    ],
    ['an expired certificate', () => ({ body: idp.metadataWith(makeTestKey('Old', -1)) }), /expired on/],
    [
      'no SSO Service URL for the binding',
      () => ({ body: good().replaceAll('HTTP-Redirect', 'HTTP-Artifact') }),
      /no SingleSignOnService for HTTP-Redirect/,
    ],
    [
      'plain http to another host',
      () => ({ body: good().replaceAll(idp.ssoUrl('redirect'), 'http://elsewhere.example/sso') }),
      /must be an https URL/,
    ],
    [
      'a validUntil that has passed',
      () => ({ body: good().replace('entityID', 'validUntil="2020-01-01T00:00:00Z" entityID') }),
      /expired at 2020/,
    ],
    ['far too much', () => ({ body: `${good()}<!--${'x'.repeat(600_000)}-->` }), /larger than 512 KB/],
  ];
  test.each(metadataCases)('metadata with %s', async (_name, metadata, reason) => {
    idp.publish(metadata());
    const guid = randomUUID();
    const { status, json } = await onboard(app, { billerGuid: guid, metadataUrl: idp.metadataUrl });
    expect(json.error).toMatch(reason);
    expect(status).toBe(400);
    expect((await app.inject({ url: `/saml/${guid}?account=1&ViewMode=0&DeepLinkID=1` })).statusCode).toBe(404);
  });

  test.each([
    ['billerGuid', '123', /not a GUID/],
    ['metadataUrl', 'http://elsewhere.example/metadata', /must be https/],
    ['metadataUrl', 'file:///etc/passwd', /must be https/],
    ['metadataUrl', 'http://127.0.0.1:9/metadata', /couldn't be fetched/],
    ['metadataUrl', '', /empty/],
    ['name', '', /empty/],
    ['claimEmail', '', /empty/],
    ['binding', 'SOAP', /HTTP-Redirect or HTTP-POST/],
    ['loginTypeMeanings', 'owner', /1=Account owner/],
  ])('%s = "%s"', async (field, value, reason) => {
    const { status, json } = await onboard(app, {
      billerGuid: randomUUID(),
      metadataUrl: idp.metadataUrl,
      [field]: value,
    });
    expect(json.error).toMatch(reason);
    expect(status).toBe(400);
  });

  test('a form submitted by another site', async () => {
    const response = await app.inject({
      method: 'POST',
      url: '/onboarding',
      headers: { 'sec-fetch-site': 'cross-site' },
    });
    expect(response.statusCode).toBe(403);
  });

  test('in a browser, with the form as filled in', async () => {
    const response = await app.inject({
      method: 'POST',
      url: '/onboarding',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ billerGuid: 'nonsense"', name: 'Kept', claimAccountNumber: '' }).toString(),
    });
    expect(response.statusCode).toBe(400);
    expect(response.body).toContain('value="nonsense&#34;"');
    expect(response.body).toContain('value="Kept"');
    expect(response.body).toContain('BillerGUID is not a GUID');
    expect(response.body).toContain('Identity Provider metadata URL is missing.');
  });
});
