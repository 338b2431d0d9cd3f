import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { parseXml, type XmlElement } from '../../../src/protocols/saml/reading/xml.ts';
import { samlResponseIn } from './portal-client.ts';

/** A browser as a server sees it: it keeps cookies. Only `follow` follows redirects. */
export interface BrowserLike {
  readonly cookies: Map<string, string>;
  get(url: string, headers?: Record<string, string>): Promise<LightMyRequestResponse>;
  post(url: string, form: Record<string, string>, headers?: Record<string, string>): Promise<LightMyRequestResponse>;
  /** Follows redirects within the service to their end. */
  follow(response: LightMyRequestResponse): Promise<LightMyRequestResponse>;
  signIn(biller: string, email: string, password: string): Promise<void>;
}

/** @param cookies those of a browser that reaches this instance as well */
export function createBrowserLike(server: FastifyInstance, cookies = new Map<string, string>()): BrowserLike {
  async function keep(response: LightMyRequestResponse): Promise<LightMyRequestResponse> {
    for (const { name, value } of response.cookies) {
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  }
  const get = async (url: string, headers: Record<string, string> = {}) =>
    keep(await server.inject({ method: 'GET', url, headers, cookies: Object.fromEntries(cookies) }));
  const post = async (url: string, form: Record<string, string>, headers: Record<string, string> = {}) => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const payload = new URLSearchParams(form).toString();
    const all = { ...type, ...headers };
    return keep(
      await server.inject({ method: 'POST', url, headers: all, payload, cookies: Object.fromEntries(cookies) }),
    );
  };
  return {
    cookies,
    get,
    post,
    async follow(response) {
      let current = response;
      while (current.statusCode >= 300 && current.statusCode < 400) {
        const location = String(current.headers.location);
        if (!location.startsWith('/')) return current;
        current = await get(location);
      }
      return current;
    },
    async signIn(biller, email, password) {
      const { statusCode } = await post(`/login/${biller}`, { email, password });
      if (statusCode !== 303) throw new Error(`the sign-in was answered with ${statusCode}`);
    },
  };
}

/** A Response that a page posts: as text, parsed, and where it goes. */
export interface PostedResponse {
  readonly xml: string;
  readonly root: XmlElement;
  readonly acs: string;
  readonly relayState: string | undefined;
}

/** @returns text of HTML without its character references */
export const decoded = (text: string) =>
  text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (_, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[String(name)] ?? '';
  });

/** @returns what the page posts to the ACS; undefined if it is another page */
export function postedBy({ body }: { body: string }): PostedResponse | undefined {
  const encoded = samlResponseIn(body);
  if (encoded === undefined) return undefined;
  const xml = Buffer.from(encoded, 'base64').toString();
  const relayState = /name="RelayState" value="([^"]*)"/.exec(body)?.[1];
  return {
    xml,
    root: parseXml(xml),
    acs: decoded(/<form[^>]* action="([^"]*)"/.exec(body)?.[1] ?? ''),
    relayState: relayState === undefined ? undefined : decoded(relayState),
  };
}

/** @returns the Response that the page posts @throws if it is another page, with its error code */
export function requirePosted(page: { statusCode: number; body: string }): PostedResponse {
  const posted = postedBy(page);
  if (posted !== undefined) return posted;
  throw new Error(`the page posts nothing: ${page.statusCode} ${errorCodeOf(page) ?? ''}`);
}

/** @returns the error code on an error page */
export const errorCodeOf = ({ body }: { body: string }) => /data-testid="error-code">(\w+)</.exec(body)?.[1];
/** @returns the reference on an error page */
export const referenceOf = ({ body }: { body: string }) => /data-testid="reference">([\w-]+)</.exec(body)?.[1];

/** Every element with this local name, in document order. */
export function elementsNamed(root: XmlElement, name: string): XmlElement[] {
  return [...(root.name === name ? [root] : []), ...root.children.flatMap((child) => elementsNamed(child, name))];
}
export const textOf = (root: XmlElement, name: string) => elementsNamed(root, name)[0]?.text;

const STATUS = 'urn:oasis:names:tc:SAML:2.0:status:';
/** @returns the status codes of a Response from the top down, by their short names */
export const statusOf = ({ root }: PostedResponse) =>
  elementsNamed(root, 'StatusCode').map(({ attributes }) => (attributes.get('Value') ?? '').replace(STATUS, ''));
