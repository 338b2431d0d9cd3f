import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newSamlId } from '../../../src/protocols/saml/writing/id.ts';
import { assertionIdIn, createPortalClient, type PortalClient } from '../../support/browser/portal-client.ts';
import { TEST_ACS, TEST_SP } from '../../support/installation.ts';
import { EMAIL, PASSWORD, useStage } from '../../support/stage.ts';

const LIFETIME_MS = 15 * 60_000;

describe('a sign-on flow', () => {
  const stage = useStage();
  let url: string;
  let client: PortalClient;

  beforeAll(async () => {
    await stage.addBiller('springfield');
    url = await stage.installation.server.listen({ port: 0, host: '127.0.0.1' });
  });

  beforeEach(async () => {
    await stage.installation.services.database.db.deleteFrom('signOnFlows').execute();
    client = createPortalClient(url);
    return () => client.close();
  });

  /** Sends a request without being signed in. @returns the flow's ID, and the address at which it continues */
  async function park(requestId = newSamlId()) {
    const { status, headers } = await client.signOn('riverton', TEST_SP, requestId);
    expect(status).toBe(303);
    const id = new URL(headers.location ?? '', url).searchParams.get('flow') ?? '';
    return { id, path: `/saml/riverton/sso?flow=${id}` };
  }
  const stored = () => stage.installation.services.database.db.selectFrom('signOnFlows').selectAll().execute();
  const isOver = async (answer: ReturnType<PortalClient['get']>) => {
    const { status, body } = await answer;
    return status === 400 && body.includes('This sign-on is over');
  };

  test('stores the request as accepted, and only a hash of the browser’s secret', async () => {
    const requestId = newSamlId();
    const { id } = await park(requestId);
    const [row, ...others] = await stored();
    expect(others).toEqual([]);
    expect(row).toMatchObject({ id, request: { requestId, acsUrl: TEST_ACS } });
    expect(row?.secretHash).toHaveLength(32);
    const secret = client.cookies.get(`__Host-flow-${id}`) ?? '';
    expect(secret).toMatch(/^[\w-]{43}$/);
    expect(JSON.stringify(row)).not.toContain(secret);
  });

  test('continues only in the browser that started it, at its biller', {
    meta: { holds: ['IDP-065'], source: 'project rule' },
  }, async () => {
    const { id, path } = await park();
    expect((await client.get(path)).headers.location).toBe(`/login/riverton?flow=${id}`);
    expect(await isOver(client.get(`/saml/springfield/sso?flow=${id}`))).toBe(true);

    const stranger = createPortalClient(url);
    expect(await isOver(stranger.get(path))).toBe(true);
    stranger.cookies.set(`__Host-flow-${id}`, 'A'.repeat(43));
    expect(await isOver(stranger.get(path))).toBe(true);
    stranger.close();
    // The stranger's attempts did no harm.
    expect((await client.get(path)).headers.location).toBe(`/login/riverton?flow=${id}`);
  });

  test('ends once it is answered', {
    meta: { holds: ['IDP-064'], source: 'project rule' },
  }, async () => {
    const { path } = await park();
    await client.signIn('riverton', EMAIL, PASSWORD);
    const answer = await client.get(path);
    expect(assertionIdIn(answer.body)).toMatch(/^_/);
    expect(await stored()).toEqual([]);
    const again = await client.get(path);
    expect([again.status, again.headers.location]).toEqual([303, '/login/riverton?notice=answered']);
    expect(again.body).not.toContain('SAMLResponse');
  });

  test('expires after 15 minutes and is then removed', async () => {
    const old = await park();
    // A request may be five minutes old.
    stage.pass(4 * 60_000);
    const young = await park();
    stage.pass(LIFETIME_MS - 4 * 60_000);
    expect(await isOver(client.get(old.path))).toBe(true);
    expect((await client.get(young.path)).status).toBe(303);
    await stage.installation.services.tidy();
    expect((await stored()).map(({ id }) => id)).toEqual([young.id]);
  });
});
