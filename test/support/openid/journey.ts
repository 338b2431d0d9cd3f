import type { LightMyRequestResponse } from 'fastify';
import { type BrowserLike, decoded } from '../browser/browser-like.ts';
import { type AtProvider, createAtProvider } from './at-provider.ts';

/** @returns where the page between us and the provider leads @throws if it is another page */
export function requireLeadsTo({ statusCode, body }: LightMyRequestResponse): URL {
  const movesTo = /<meta http-equiv="refresh" content="0; url=([^"]+)">/.exec(body)?.[1];
  if (movesTo !== undefined) return new URL(decoded(movesTo), 'https://idp.example');
  throw new Error(`the page leads nowhere: ${statusCode} ${body.slice(0, 500)}`);
}

/**
 * Goes from a page that leads to the provider through the provider, and back to the service.
 *
 * @param does what the person does when the provider asks who they are: types it, or cancels
 * @returns what the service answers to the browser that came back; its redirects are not followed
 */
export async function passProvider(
  browser: BrowserLike,
  page: LightMyRequestResponse,
  does?: string,
  at: AtProvider = createAtProvider(),
): Promise<LightMyRequestResponse> {
  const back = await at.visit(requireLeadsTo(page).href, does);
  return browser.get(back.pathname + back.search);
}
