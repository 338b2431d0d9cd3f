import type { BrowserLike } from '../browser/browser-like.ts';
import { launchBody, pathOf } from './launch.ts';
import type { PortalApi } from './portal-api.ts';

/** The portal around the frames. */
export const FRAMING_PORTAL = 'https://portal.example';
/** What a browser sends from a frame of the portal, and from a page of ours inside it. */
export const FRAME = { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site', referer: `${FRAMING_PORTAL}/` };
export const OWN = { 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-origin' };

const accounts = ['501Invoice', '502Invoice', '503Invoice'].map((number) => ({ number, role: 'owner' }));
let users = 0;

/** @returns a portal user of their own, with three accounts */
export function newFramedUser() {
  users += 1;
  return { id: `framed-${users}`, email: `framed-${users}@example.com`, accounts };
}

/** @returns the ticket of a launch for a frame */
export async function framedTicket(portal: PortalApi, over: Record<string, unknown>): Promise<string> {
  const answer = await portal.call('POST', '/api/launches', launchBody({ viewMode: 1, ...over }));
  return pathOf((answer.json() as { url: string }).url).slice('/launch/t/'.length);
}

/** The first step of a frame. */
export const enterFrame = (browser: BrowserLike, ticket: string) => browser.get(`/launch/t/${ticket}`, FRAME);

/** The second step, which the page of the first takes by itself. */
export const comeBack = (browser: BrowserLike, ticket: string, headers: Record<string, string> = OWN) =>
  browser.post('/launch/t', { ticket, checked: '1' }, headers);

/** Follows a launch inside a frame, up to the redirect link. */
export async function followFramed(portal: PortalApi, browser: BrowserLike, over: Record<string, unknown>) {
  const ticket = await framedTicket(portal, over);
  await enterFrame(browser, ticket);
  return comeBack(browser, ticket);
}
