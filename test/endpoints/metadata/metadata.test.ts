import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { checkElementSignature } from '../../../src/diagnostics/inspect/element-signature.ts';
import { errorCodeOf } from '../../support/browser/browser-like.ts';
import { useStage } from '../../support/stage.ts';

const stage = useStage();
const URL_PATH = '/saml/riverton/metadata';
const get = (headers: Record<string, string> = {}, url = URL_PATH) =>
  stage.installation.server.inject({ url, headers });

test('has SAML’s media type and an ETag, and the bytes stay the same while nothing changes', {
  meta: { holds: ['IDP-078'], source: 'SAML Metadata 4.1.1' },
}, async () => {
  const [one, other] = [await get(), await get()];
  expect(one.headers).toMatchObject({
    'content-type': 'application/samlmetadata+xml; charset=utf-8',
    'cache-control': 'no-cache',
    etag: expect.stringMatching(/^"[\w-]{27}"$/),
  });
  expect(other.rawPayload.equals(one.rawPayload)).toBe(true);
  stage.installation.services.billers.forget(undefined);
  stage.installation.services.keys.forget(undefined);
  expect((await get()).rawPayload.equals(one.rawPayload)).toBe(true);
});

test('answers 304 if the client has it: by the ETag, a weak one, one in a list, or *', {
  meta: { holds: ['IDP-078'], source: 'RFC 9110 13.1.2' },
}, async () => {
  const tag = String((await get()).headers.etag);
  for (const value of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
    const answer = await get({ 'if-none-match': value });
    expect([value, answer.statusCode, answer.body]).toEqual([value, 304, '']);
  }
  expect((await get({ 'if-none-match': '"x"' })).statusCode).toBe(200);
});

test('takes no address from a client’s header', {
  meta: { holds: ['IDP-079'], source: 'project rule' },
}, async () => {
  const headers = {
    host: 'evil.example',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
    forwarded: 'host=evil.example',
  };
  // The first request writes the document that later requests get.
  stage.installation.services.keys.forget(undefined);
  const hostile = (await get(headers)).body;
  stage.installation.services.keys.forget(undefined);
  expect(hostile).toBe((await get()).body);
  expect(hostile).not.toContain('evil.example');
  expect(hostile).toContain('entityID="https://idp.example/saml/riverton/metadata"');
});

test('a change shows at once, with a new ETag', {
  meta: { holds: ['IDP-078'], source: 'project rule' },
}, async () => {
  const before = await get();
  await stage.installation.operate('biller.update', { slug: 'riverton', name: 'Riverton & Sons' });
  const after = await get({ 'if-none-match': String(before.headers.etag) });
  expect(after.statusCode).toBe(200);
  expect(after.body).toContain('Riverton &amp; Sons');
});

test('HEAD returns the headers only and does not count as a fetch (RFC 9110 9.3.2)', async () => {
  const { headers, rawPayload } = await get();
  const fetches = async () => {
    await stage.installation.services.fetches.drained();
    return stage.installation.operate('key.fetches', { biller: 'riverton' });
  };
  const before = await fetches();
  const looked = await stage.installation.server.inject({ method: 'HEAD', url: `${URL_PATH}?one-time=x` });
  expect([looked.statusCode, looked.body]).toEqual([200, '']);
  expect(looked.headers).toMatchObject({
    etag: headers.etag,
    'content-type': headers['content-type'],
    'content-length': String(rawPayload.length),
  });
  const known = await stage.installation.server.inject({
    method: 'HEAD',
    url: URL_PATH,
    headers: { 'if-none-match': String(headers.etag) },
  });
  expect([known.statusCode, known.headers.etag]).toEqual([304, headers.etag]);
  expect(await fetches()).toEqual(before);
  expect((await stage.installation.server.inject({ method: 'HEAD', url: '/saml/nowhere/metadata' })).statusCode).toBe(
    404,
  );
});

test('an unknown biller is a 404, and so is an invalid slug', {
  meta: { holds: ['IDP-081'], source: 'project rule' },
}, async () => {
  for (const slug of ['nowhere', 'Riverton', '-', '%00']) {
    const answer = await get({}, `/saml/${slug}/metadata`);
    expect([slug, answer.statusCode, errorCodeOf(answer)]).toEqual([slug, 404, 'biller_unknown']);
  }
});

test('the active key signs signed metadata, whose bytes stay the same too (SAML Metadata 3.1)', async () => {
  await stage.installation.operate('biller.update', { slug: 'riverton', settings: { signMetadata: true } });
  const [one, other] = [await get(), await get()];
  expect(one.body).toBe(other.body);
  const biller = await stage.installation.services.billers.bySlug('riverton');
  const { certificates } = await stage.installation.services.keys.ofBiller(biller.id);
  expect(checkElementSignature(one.body, 'EntityDescriptor', certificates)).toBe('valid');
  expect(checkElementSignature(one.body.replace('&amp; Sons', '&amp; Sens'), 'EntityDescriptor', certificates)).toBe(
    'invalid',
  );
});

test('serves the certificate alone, to copy by hand', async () => {
  const answer = await get({}, '/saml/riverton/certificate.pem');
  expect(answer.headers['content-type']).toBe('application/x-pem-file');
  const biller = await stage.installation.services.billers.bySlug('riverton');
  const { active } = await stage.installation.services.keys.ofBiller(biller.id);
  expect(new X509Certificate(answer.body).raw.toString('base64')).toBe(active?.signer.certificate);
  const looked = await stage.installation.server.inject({ method: 'HEAD', url: '/saml/riverton/certificate.pem' });
  expect([looked.statusCode, looked.body]).toEqual([200, '']);
});
