import cookie from '@fastify/cookie';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { StrangersAudit } from '../../core/audit/strangers.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { FoundLaunch, Launches } from '../../core/launches/launches.ts';
import type { Sessions } from '../../core/sessions/sessions.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { networkOf } from '../../platform/http/clients/network.ts';
import { isFramed } from '../../platform/http/clients/same-origin.ts';
import { acceptForms, readForm } from '../../platform/http/form.ts';
import { sendPage, sendTo } from '../../platform/http/pages/reply.ts';
import { buildRedirectLink } from '../../protocols/invoice-cloud/redirect-link.ts';
import { noteBiller } from '../biller-of.ts';
import { isInvited } from '../invited.ts';
import { sessionIdOf, setSessionCookie } from '../session-cookie.ts';
import { CHECKED, createInFrame } from './in-frame.ts';
import { isPreview } from './preview.ts';
import { confirmLaunchPage } from './views/confirm-launch-page.ts';

export interface TicketServices {
  readonly billers: Billers;
  readonly launches: Launches;
  readonly sessions: Sessions;
  readonly strangersAudit: StrangersAudit;
  readonly publicUrl: string;
}

/** What the browser brings. */
interface Brought {
  readonly ticket: string;
  /** Whether this is the second step inside a frame: see InFrame. */
  readonly checked: boolean;
  /** The same launch as a link, if it came by one. */
  readonly href: string | undefined;
}

const PATH = '/launch/t';

/** An origin that was registered when the launch was made may not be any more. */
function withRegisteredUrls(launch: FoundLaunch, { portalOrigins }: Biller): FoundLaunch {
  const kept = (url: string | null) => (url !== null && portalOrigins.includes(new URL(url).origin) ? url : null);
  return { ...launch, returnUrl: kept(launch.returnUrl), refreshUrl: kept(launch.refreshUrl) };
}

/**
 * Follows launches that a portal's back end asked for: by a link, or by a form that keeps the ticket out of the address.
 * Before the ticket is used up, everything that could waste it is ruled out: previews, frames of strangers, links by strangers.
 */
export const ticketRoutes: FastifyPluginAsync<TicketServices> = async (scope, services) => {
  const { billers, launches, strangersAudit } = services;
  const inFrame = createInFrame(services);
  await scope.register(cookie);
  acceptForms(scope);

  async function noteRefusal(
    { id: reference, ip }: FastifyRequest,
    launch: FoundLaunch | undefined,
    reason: string,
    led: 'page' | 'portal',
  ): Promise<void> {
    const { billerId, userId, id = 'none' } = launch ?? {};
    const from = { network: networkOf(ip), user: async () => userId };
    const details = { reason, launch: id, led };
    await strangersAudit.append({ event: 'launch.ticket_refused', reference, address: ip, billerId, details }, from);
  }

  /** @returns what records an error and throws it again */
  const noting = (request: FastifyRequest, launch: FoundLaunch) => async (error: unknown) => {
    if (error instanceof IdpError) await noteRefusal(request, launch, error.code, 'page');
    throw error;
  };

  /** A launch that is over leads back to the portal for a new one, or to a page. @throws IdpError for the page */
  async function endOf(
    request: FastifyRequest,
    reply: FastifyReply,
    launch: FoundLaunch,
    reason: 'used' | 'expired',
  ): Promise<FastifyReply> {
    const refreshUrl = await launches.refresh(launch);
    await noteRefusal(request, launch, reason, refreshUrl === undefined ? 'page' : 'portal');
    request.facts.outcome = `launch_${reason}`;
    // The portal's next redirect leads here again, and must still tell that the browser began at the portal.
    if (refreshUrl !== undefined) return sendTo(reply, refreshUrl, 'strict-origin');
    const detail = `the ticket of ${launch.id} is ${reason}`;
    throw reason === 'used' ? new IdpError('launch_used', { detail }) : new IdpError('launch_expired', { detail });
  }

  function askFirst(reply: FastifyReply, biller: Biller, launch: FoundLaunch, ticket: string): FastifyReply {
    const { redirectLinkBase, acsRedirectOrigins, portalUrl } = biller.settings;
    reply.request.facts.outcome = 'confirm';
    const page = confirmLaunchPage({
      billerName: biller.name,
      help: biller.settings,
      email: launch.email,
      account: launch.account,
      action: PATH,
      hidden: { ticket },
      back: launch.returnUrl ?? portalUrl ?? undefined,
    });
    // Browsers apply form-action to every redirect after the form.
    return sendPage(reply, page, { formAction: [redirectLinkBase, ...acsRedirectOrigins], referrer: 'none' });
  }

  /** Follows the launch inside a frame, as far as it goes now. */
  async function receiveFramed(
    request: FastifyRequest,
    reply: FastifyReply,
    biller: Biller,
    launch: FoundLaunch,
    { ticket, checked, href }: Brought,
  ): Promise<FastifyReply> {
    // Invoice Cloud's whole page is not for frames.
    if (launch.viewMode === 0) {
      if (href !== undefined) request.facts.wayOut = { href, label: 'Continue in a new window', newWindow: true };
      throw new IdpError('framed', { detail: `${launch.id} has viewMode 0, and was opened in a frame` });
    }
    const framed = { request, reply, biller, launch, ticket };
    if (!checked) return inFrame.enter(framed);
    const back = await inFrame.comeBack(framed).catch(noting(request, launch));
    if (back === undefined) return endOf(request, reply, launch, 'used');
    return follow(request, reply, biller, launch, { framed: true, replaced: back.replaced }, back.keep);
  }

  /** Uses the ticket up, and sends the browser on. @param keep gives it the session */
  async function follow(
    request: FastifyRequest,
    reply: FastifyReply,
    biller: Biller,
    launch: FoundLaunch,
    window: Parameters<Launches['follow']>[2],
    keep: (session: string) => void,
  ): Promise<FastifyReply> {
    const about = { reference: request.id, address: request.ip };
    const session = await launches.follow(launch, biller, window, about).catch(noting(request, launch));
    if (session === undefined) return endOf(request, reply, launch, 'used');
    keep(session);
    request.facts.outcome = 'launched';
    const { account, destination, viewMode } = launch;
    const { redirectLinkBase: base } = biller.settings;
    return sendTo(reply, buildRedirectLink({ base, billerGuid: biller.billerGuid, account, viewMode, destination }));
  }

  async function receive(request: FastifyRequest, reply: FastifyReply, brought: Brought): Promise<FastifyReply> {
    const { ticket } = brought;
    request.facts.hidesAddress = true;
    if (isPreview(request)) throw new IdpError('preview_refused', { detail: 'a preview or a prefetch of a launch' });
    const found = await launches.find(ticket);
    if (found === undefined) {
      await noteRefusal(request, undefined, 'unknown', 'page');
      throw new IdpError('launch_unknown', { detail: 'there is no such ticket' });
    }
    const biller = await billers.bySlug(found.biller);
    noteBiller(request, biller);
    const launch = withRegisteredUrls(found, biller);
    request.facts.portalUrl = launch.returnUrl ?? request.facts.portalUrl;
    const fault = launches.fault(launch);
    if (fault !== undefined) return endOf(request, reply, launch, fault);
    if (isFramed(request)) return receiveFramed(request, reply, biller, launch, brought);
    if (!isInvited(request, biller)) return askFirst(reply, biller, launch, ticket);
    const window = { framed: false, previousSession: sessionIdOf(request, biller) } as const;
    return follow(request, reply, biller, launch, window, (session) => setSessionCookie(reply, biller, session));
  }

  scope.get<{ Params: { ticket: string } }>(`${PATH}/:ticket`, (request, reply) => {
    const { ticket } = request.params;
    return receive(request, reply, { ticket, checked: false, href: `${PATH}/${encodeURIComponent(ticket)}` });
  });
  scope.post(PATH, (request, reply) => {
    const form = readForm(request);
    return receive(request, reply, { ticket: form.get('ticket') ?? '', checked: form.has(CHECKED), href: undefined });
  });
};
