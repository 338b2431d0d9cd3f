import { randomUUID } from 'node:crypto';
import { ServiceProvider } from 'samlify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readXml } from '../../sandbox/saml/xml-tree.ts';
import { publicUrl, type Stage, setStage, start } from './support.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

describe('the redirect link', () => {
  test('sends an AuthnRequest by HTTP-Redirect', async () => {
    const { location, authnRequest, relayState } = await start(stage);
    expect(`${location.origin}${location.pathname}`).toBe(stage.idp.ssoUrl('redirect'));
    const request = readXml(authnRequest);
    expect(request.name).toBe('AuthnRequest');
    expect(Object.fromEntries(request.attributes)).toMatchObject({
      Version: '2.0',
      Destination: stage.idp.ssoUrl('redirect'),
      AssertionConsumerServiceURL: `${publicUrl}/saml/${stage.guid}/acs`,
      ProtocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
    });
    expect(request.children.map((child) => child.name)).toEqual(['Issuer', 'NameIDPolicy']);
    expect(request.children[0]?.text).toBe(`${publicUrl}/saml/${stage.guid}/metadata`);
    expect(request.children[1]?.attributes.get('Format')).toBe(
      'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    );
    // Opaque, and within SAML's limit of 80 bytes.
    expect(relayState).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  test('sends it by HTTP-POST, not deflated, from a page that submits itself', async () => {
    const other = await setStage({ binding: 'HTTP-POST' });
    try {
      const page = await other.app.inject({ url: `/saml/${other.guid}?account=1&ViewMode=1&DeepLinkID=1` });
      expect(page.statusCode).toBe(200);
      expect(page.body).toContain(`action="${other.idp.ssoUrl('post')}"`);
      expect(page.body).toContain('<script src="/assets/auto-post.js" defer></script>');
      expect(page.body).toContain('<button');
      const encoded = /name="SAMLRequest" value="([^"]+)"/.exec(page.body)?.[1]?.replaceAll('&#61;', '=') ?? '';
      expect(readXml(Buffer.from(encoded, 'base64').toString()).attributes.get('Destination')).toBe(
        other.idp.ssoUrl('post'),
      );
      const policy = String(page.headers['content-security-policy']);
      expect(policy).toContain(`form-action ${new URL(other.idp.entityId).origin};`);
      expect(policy).toContain('frame-ancestors *');
      expect(policy).not.toContain('unsafe');
      expect((await other.app.inject({ url: '/assets/auto-post.js' })).headers['content-type']).toContain('javascript');
    } finally {
      await other.close();
    }
  });

  test.each([
    ['ViewMode=0&DeepLinkID=1', 'account'],
    ['account=&ViewMode=0&DeepLinkID=1', 'account'],
    ['account=1&account=2&ViewMode=0&DeepLinkID=1', 'account'],
    ['account=%00&ViewMode=0&DeepLinkID=1', 'account'],
    ['account=1&DeepLinkID=1', 'ViewMode'],
    ['account=1&ViewMode=2&DeepLinkID=1', 'ViewMode'],
    ['account=1&ViewMode=0', 'DeepLinkID'],
    ['account=1&ViewMode=0&DeepLinkID=0', 'DeepLinkID'],
    ['account=1&ViewMode=0&DeepLinkID=-3', 'DeepLinkID'],
    ['account=1&ViewMode=0&DeepLinkID=1.5', 'DeepLinkID'],
    ['account=1&ViewMode=0&DeepLinkID=bills', 'DeepLinkID'],
  ])('%s is refused because of %s', async (query, name) => {
    const url = `/saml/${stage.guid}?${query}`;
    const page = await stage.app.inject({ url });
    expect(page.statusCode).toBe(400);
    expect(page.body).toContain('data-testid="refusal"');
    const json = await stage.app.inject({ url, headers: { accept: 'application/json' } });
    expect(json.json()).toMatchObject({ error: 'bad-link', reason: expect.stringContaining(`contain ${name} `) });
  });

  test('for a biller that is not onboarded is refused', async () => {
    const query = 'account=1&ViewMode=0&DeepLinkID=1';
    expect((await stage.app.inject({ url: `/saml/${randomUUID()}?${query}` })).statusCode).toBe(404);
    expect((await stage.app.inject({ url: `/saml/nonsense?${query}` })).statusCode).toBe(400);
  });
});

describe('the SP metadata', () => {
  test('exists before onboarding, and samlify can read it', async () => {
    const guid = randomUUID();
    const response = await stage.app.inject({ url: `/saml/${guid}/metadata` });
    expect(response.headers['content-type']).toContain('application/samlmetadata+xml');
    const { entityMeta } = ServiceProvider({ metadata: response.body });
    expect(entityMeta.getEntityID()).toBe(`${publicUrl}/saml/${guid}/metadata`);
    expect(entityMeta.getAssertionConsumerService('post')).toBe(`${publicUrl}/saml/${guid}/acs`);
    expect(entityMeta.getNameIDFormat()).toBe('urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress');
    expect(entityMeta.isWantAssertionsSigned()).toBe(true);
    expect(entityMeta.isAuthnRequestSigned()).toBe(false);
    expect(readXml(response.body).name).toBe('EntityDescriptor');
  });

  test('always spells the BillerGUID the same way', async () => {
    const [lower, upper] = await Promise.all(
      [stage.guid, stage.guid.toUpperCase()].map((guid) => stage.app.inject({ url: `/saml/${guid}/metadata` })),
    );
    expect(upper?.body).toBe(lower?.body);
  });
});

test('all absolute URLs are based on the public URL', async () => {
  const response = await stage.app.inject({ url: `/saml/${stage.guid}/metadata`, headers: { host: 'evil.example' } });
  expect(response.body).not.toContain('evil.example');
});

test('health check, unknown pages, and the headers of all responses', async () => {
  const health = await stage.app.inject({ url: '/health' });
  expect(health.json()).toEqual({ status: 'ok' });
  expect(health.headers['x-content-type-options']).toBe('nosniff');
  const missing = await stage.app.inject({ url: '/nowhere' });
  expect(missing.statusCode).toBe(404);
  expect(missing.headers['cache-control']).toBe('no-store');
});
