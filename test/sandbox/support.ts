import { randomUUID } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { createSandbox } from '../../sandbox/app.ts';
import {
  makeTestKey,
  newId,
  type ResponseParts,
  startTestIdp,
  type TestIdp,
  type TestKey,
  writeResponse,
} from './test-idp.ts';

export const publicUrl = 'http://127.0.0.1:4999';

/** A sandbox, a test Identity Provider, and one biller onboarded with it. */
export interface Stage {
  readonly app: FastifyInstance;
  readonly idp: TestIdp;
  readonly key: TestKey;
  readonly guid: string;
  close(): Promise<void>;
}

/** The key for all tests of a file, because making one takes a moment. */
export const sharedKey = makeTestKey('Test Identity Provider');

/** Sets up the stage. `form` overrides fields of the onboarding form. */
export async function setStage(form: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const key = sharedKey;
  const idp = await startTestIdp(key);
  const app = await createSandbox({ publicUrl, idpOrigins: [new URL(idp.metadataUrl).origin] });
  const guid = randomUUID();
  const answer = await onboard(app, { billerGuid: guid, metadataUrl: idp.metadataUrl, ...form });
  if (answer.status !== 200) {
    throw new Error(`onboarding failed: ${JSON.stringify(answer.json)}`);
  }
  return {
    app,
    idp,
    key,
    guid,
    close: async () => {
      await app.close();
      await idp.close();
    },
  };
}

/** Submits the onboarding form as the demo and scripts do. */
export async function onboard(
  app: FastifyInstance,
  form: Readonly<Record<string, string>>,
): Promise<{ status: number; json: Record<string, string> }> {
  const response = await app.inject({
    method: 'POST',
    url: '/onboarding',
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ name: 'City of Testing', ...form }).toString(),
  });
  return { status: response.statusCode, json: response.json() };
}

/** A sign-on that was sent to the Identity Provider. */
export interface Started {
  readonly requestId: string;
  readonly relayState: string;
  readonly authnRequest: string;
  readonly location: URL;
}

/** Follows the redirect link of a biller that uses HTTP-Redirect. */
export async function start(
  { app, guid }: Pick<Stage, 'app' | 'guid'>,
  query = 'account=101Invoice&ViewMode=0&DeepLinkID=3',
): Promise<Started> {
  const response = await app.inject({ url: `/saml/${guid}?${query}` });
  if (response.statusCode !== 302) {
    throw new Error(`redirect link answered ${response.statusCode}: ${response.body}`);
  }
  const location = new URL(String(response.headers.location));
  const encoded = location.searchParams.get('SAMLRequest') ?? '';
  const authnRequest = inflateRawSync(Buffer.from(encoded, 'base64')).toString();
  return {
    requestId: /\sID="([^"]+)"/.exec(authnRequest)?.[1] ?? '',
    relayState: location.searchParams.get('RelayState') ?? '',
    authnRequest,
    location,
  };
}

/** The parts of an acceptable Response. */
export function goodParts({ idp, key, guid }: Stage, started: Started): ResponseParts {
  const acs = `${publicUrl}/saml/${guid}/acs`;
  return {
    assertionId: newId(),
    destination: acs,
    recipient: acs,
    inResponseTo: started.requestId,
    subjectInResponseTo: started.requestId,
    issuer: idp.entityId,
    audience: `${publicUrl}/saml/${guid}/metadata`,
    nameId: 'pat@example.com',
    nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
    issuedAt: Date.now(),
    lifeMs: 60_000,
    claims: [
      ['Email', 'pat@example.com'],
      ['LoginType', '5'],
      ['AccountNumber', '101Invoice'],
    ],
    sign: 'assertion',
    signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    key,
  };
}

/** Posts a Response to the ACS, asking for JSON. */
export async function post({ app, guid }: Pick<Stage, 'app' | 'guid'>, samlResponse: string, relayState: string) {
  return app.inject({
    method: 'POST',
    url: `/saml/${guid}/acs`,
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ SAMLResponse: samlResponse, RelayState: relayState }).toString(),
  });
}

/** A complete attempt: the link, then a Response with these changes. */
export async function attempt(stage: Stage, changes: Partial<ResponseParts> = {}, query?: string) {
  const started = await start(stage, query);
  return post(stage, writeResponse({ ...goodParts(stage, started), ...changes }), started.relayState);
}
