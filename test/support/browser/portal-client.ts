import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { deflateRawSync } from 'node:zlib';
import { newSamlId } from '../../../src/protocols/saml/writing/id.ts';

/** An answer, possibly incomplete. */
interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** False if the connection ended before the answer did. */
  readonly complete: boolean;
}

/** A portal user's browser, HTTP only: it keeps cookies and connections. It follows no redirects. */
export interface PortalClient {
  readonly cookies: Map<string, string>;
  get(path: string): Promise<Answer>;
  post(path: string, form: Readonly<Record<string, string>>): Promise<Answer>;
  /** Signs in at a biller. @throws if the sign-in page comes again */
  signIn(biller: string, email: string, password: string): Promise<void>;
  /** Sends a new AuthnRequest of this Service Provider by HTTP-Redirect. */
  signOn(biller: string, entityId: string, requestId?: string): Promise<Answer>;
  close(): void;
}

/** An AuthnRequest with nothing optional except its Issuer. @param more attributes */
function authnRequest(entityId: string, id: string, more: string): string {
  const namespaces =
    'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"';
  const attributes = `ID="${id}" Version="2.0" IssueInstant="${new Date().toISOString()}" ${more}`;
  return `<samlp:AuthnRequest ${namespaces} ${attributes}><saml:Issuer>${entityId}</saml:Issuer></samlp:AuthnRequest>`;
}

/**
 * @param more attributes, as XML
 * @returns the path that brings a new request by HTTP-Redirect (SAML bindings, 3.4.4.1)
 */
export function redirectPath(biller: string, entityId: string, requestId = newSamlId(), more = ''): string {
  const message = deflateRawSync(authnRequest(entityId, requestId, more)).toString('base64');
  return `/saml/${biller}/sso?SAMLRequest=${encodeURIComponent(message)}`;
}

/** Reads the whole body, or the part that arrived before the connection broke. */
function readBody(response: IncomingMessage): Promise<{ body: string; complete: boolean }> {
  return new Promise((resolve) => {
    let body = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    response.on('error', () => undefined);
    response.on('close', () => resolve({ body, complete: response.complete }));
  });
}

/** @returns the Response in a page that posts one, base64; undefined if the page has none */
export function samlResponseIn(page: string): string | undefined {
  return /name="SAMLResponse" value="([A-Za-z0-9+/=]*)/.exec(page)?.[1];
}

/** @returns the ID of the assertion in a page that posts a Response; undefined if the page has none */
export function assertionIdIn(page: string): string | undefined {
  const response = samlResponseIn(page);
  if (response === undefined) return undefined;
  return /<saml:Assertion [^>]*\bID="([^"]+)"/.exec(Buffer.from(response, 'base64').toString())?.[1];
}

/** @param url where the service listens */
export function createPortalClient(url: string): PortalClient {
  const agent = new Agent({ keepAlive: true });
  const cookies = new Map<string, string>();

  async function send(path: string, options: RequestOptions, body?: string): Promise<Answer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...options.headers, ...(cookie === '' ? {} : { cookie }) };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(new URL(path, url), { ...options, headers, agent }, resolve)
        .on('error', reject)
        .end(body);
    });
    for (const line of response.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return { status: response.statusCode ?? 0, headers: response.headers, ...(await readBody(response)) };
  }

  const get = (path: string) => send(path, { method: 'GET' });
  const post = (path: string, form: Readonly<Record<string, string>>) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return send(path, { method: 'POST', headers }, new URLSearchParams(form).toString());
  };
  return {
    cookies,
    get,
    post,
    async signIn(biller, email, password) {
      const { status } = await post(`/login/${biller}`, { email, password });
      if (status !== 303) throw new Error(`The sign-in was answered with ${status}.`);
    },
    signOn: (biller, entityId, requestId) => get(redirectPath(biller, entityId, requestId)),
    close: () => agent.destroy(),
  };
}
