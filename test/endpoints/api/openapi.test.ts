import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { launchBody } from '../../support/api/launch.ts';
import { createPortalApi, type PortalApi } from '../../support/api/portal-api.ts';
import { EMAIL, useStage } from '../../support/stage.ts';

type Headers = Record<string, string>;
type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';
interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: Record<string, unknown> }> }> }>
  >;
  readonly components: { readonly schemas: Record<string, unknown> };
}

const stage = useStage({ billerInput: { settings: { portalUrl: 'https://portal.example' } } });
let portal: PortalApi;
let api: Document;
beforeAll(async () => {
  const added = await stage.installation.operate('api-key.add', { biller: 'riverton', role: 'portal' });
  portal = createPortalApi(stage.installation.server, (added as { key: string }).key);
  api = (await stage.stranger().get('/api/openapi.json')).json();
});

const USER = { email: EMAIL, accounts: [{ number: '1', role: 'owner' }] };

function call(method: Method, path: string, url: string, body: unknown, status: number, headers?: Headers) {
  return { method, path, url, body, status, headers };
}

/** Calls with the status that each of them gets: every answer that a route is described with, but those of any route. */
const TEXT = { 'content-type': 'text/plain' };
const WITH_KEY = { 'idempotency-key': 'one' };
const CALLS = [
  ...['/api/launches', '/api/launches/check'].flatMap((path) => [
    call('POST', path, path, launchBody(), path === '/api/launches' ? 201 : 200),
    call('POST', path, path, launchBody(), path === '/api/launches' ? 201 : 200, { 'idempotency-key': path }),
    call('POST', path, path, launchBody({ account: 7 }), 422),
    call('POST', path, path, launchBody({ account: '7' }), path === '/api/launches' ? 422 : 200),
    call('POST', path, path, launchBody({ destination: 'autopay' }), 422, { 'idempotency-key': path }),
    call('POST', path, path, launchBody(), 409, WITH_KEY),
    call('POST', path, path, ' '.repeat(2 * 1024 * 1024 + 1), 413),
    call('POST', path, path, 'x', 415, TEXT),
  ]),
  call('PUT', '/api/users/{id}', '/api/users/u-1', USER, 200),
  call('PUT', '/api/users/{id}', '/api/users/u-1', { email: 'x', accounts: [] }, 422),
  call('PUT', '/api/users/{id}', '/api/users/u-1', ' '.repeat(2 * 1024 * 1024 + 1), 413),
  call('PUT', '/api/users/{id}', '/api/users/u-1', undefined, 422),
  call('PUT', '/api/users/{id}', '/api/users/u-1', 'x', 415, TEXT),
  call('GET', '/api/users/{id}', '/api/users/u-1', undefined, 200),
  call('GET', '/api/users/{id}', '/api/users/nobody', undefined, 404),
  call('GET', '/api/users/{id}', '/api/users/%20', undefined, 422),
  call('DELETE', '/api/users/{id}', '/api/users/nobody', undefined, 404),
  call('DELETE', '/api/users/{id}', '/api/users/%20', undefined, 422),
  call('DELETE', '/api/users/{id}', '/api/users/u-1', undefined, 204),
];
/** Described for every route: see keys.test.ts, and the tests of a database that is out of reach. */
const OF_ANY_ROUTE = ['401', '429', '503'];

test('is OpenAPI 3.1, at our own address, and needs no key', () => {
  expect(api.openapi).toBe('3.1.0');
  expect(api.servers).toEqual([{ url: stage.installation.publicUrl }]);
  expect(Object.keys(api.paths)).toEqual([...new Set(CALLS.map(({ path }) => path))]);
});

/** A call whose answer is not there yet. */
async function workOnForever(url: string): Promise<void> {
  const { db } = stage.installation.services.database;
  await db.deleteFrom('apiAnswers').execute();
  await portal.call('POST', url, launchBody(), WITH_KEY);
  await db.updateTable('apiAnswers').set({ sealedAnswer: null }).execute();
}

/** The schema of an answer, with what it refers to. */
function schemaOf(given: Record<string, unknown>): z.ZodType {
  const text = JSON.stringify({ ...given, $defs: api.components.schemas });
  return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')));
}

test.each(CALLS)(
  '$method $path answers as described: $status',
  async ({ method, path, url, body, status, headers }) => {
    if (status === 409) await workOnForever(url);
    const answer = await portal.call(method, url, body, headers);
    expect(answer.statusCode).toBe(status);
    const described = api.paths[path]?.[method.toLowerCase()]?.responses[status];
    expect(described).toBeDefined();
    const [type = ''] = String(answer.headers['content-type'] ?? '').split(';');
    if (status === 204) {
      expect(answer.body).toBe('');
      return;
    }
    const schema = described?.content?.[type]?.schema;
    expect(schema).toBeDefined();
    schemaOf(schema ?? {}).parse(answer.json());
  },
);

test('every answer that is described has been seen, and refusals of a key are described everywhere', () => {
  const seen = CALLS.map(({ method, path, status }) => `${method.toLowerCase()} ${path} ${status}`);
  const described = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) => {
      for (const status of OF_ANY_ROUTE) expect(Object.keys(responses)).toContain(status);
      const own = Object.keys(responses).filter((status) => !OF_ANY_ROUTE.includes(status));
      return own.map((status) => `${method} ${path} ${status}`);
    }),
  );
  expect([...new Set(seen)].sort()).toEqual(described.sort());
});

test('the page shows every call under a policy without other hosts', async () => {
  const page = await stage.stranger().get('/api/docs');
  expect(page.headers['content-security-policy']).toBe(
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  );
  for (const path of Object.keys(api.paths)) expect(page.body).toContain(`<code>${path}</code>`);
  expect(page.body).toContain('accounts[].number');
  const links = [...page.body.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, href]) => href);
  expect(links.filter((href) => !/^(\/|#|data:)/.test(href ?? ''))).toEqual([]);
});
