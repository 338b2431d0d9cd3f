import cookie from '@fastify/cookie';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { StrangersAudit } from '../../core/audit/strangers.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { FoundLaunch, Launches } from '../../core/launches/launches.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { networkOf } from '../../platform/http/clients/network.ts';
import { isFramed } from '../../platform/http/clients/same-origin.ts';
import { acceptForms, readForm } from '../../platform/http/form.ts';
import { sendPage, sendTo } from '../../platform/http/pages/reply.ts';
import { buildRedirectLink } from '../../protocols/invoice-cloud/redirect-link.ts';
import { noteBiller } from '../biller-of.ts';
import { isInvited } from '../invited.ts';
import { sessionIdOf, setSessionCookie } from '../session-cookie.ts';
import { isPreview } from './preview.ts';
import { confirmLaunchPage } from './views/confirm-launch-page.ts';

export interface TicketServices {
  readonly billers: Billers;
  readonly launches: Launches;
  readonly strangersAudit: StrangersAudit;
}

const PATH = '/launch/t';

/** An origin that was registered when the launch was made may not be any more. */
function withRegisteredUrls(launch: FoundLaunch, { portalOrigins }: Biller): FoundLaunch {
  const kept = (url: string | null) => (url !== null && portalOrigins.includes(new URL(url).origin) ? url : null);
  return { ...launch, returnUrl: kept(launch.returnUrl), refreshUrl: kept(launch.refreshUrl) };
}

/**
 * Follows launches that a portal's back end asked for: by a link, or by a form that keeps the ticket out of the address.
 * Before the ticket is used up, everything that could waste it is ruled out: previews, frames, links by strangers.
 */
export const ticketRoutes: FastifyPluginAsync<TicketServices> = async (scope, services) => {
  const { billers, launches, strangersAudit } = services;
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

  async function receive(request: FastifyRequest, reply: FastifyReply, ticket: string, windowHref: string | undefined) {
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
    if (isFramed(request)) {
      if (windowHref !== undefined) {
        request.facts.wayOut = { href: windowHref, label: 'Continue in a new window', newWindow: true };
      }
      throw new IdpError('framed', { detail: `${launch.id} was opened in a frame` });
    }
    // Without a registered portal there is nothing to tell its links by.
    if (biller.portalOrigins.length > 0 && !isInvited(request, biller)) return askFirst(reply, biller, launch, ticket);
    const about = { reference: request.id, address: request.ip };
    const session = await launches.follow(launch, biller, sessionIdOf(request, biller), about).catch(async (error) => {
      if (error instanceof IdpError) await noteRefusal(request, launch, error.code, 'page');
      throw error;
    });
    if (session === undefined) return endOf(request, reply, launch, 'used');
    setSessionCookie(reply, biller, session);
    request.facts.outcome = 'launched';
    const { account, destination, viewMode } = launch;
    const { redirectLinkBase: base } = biller.settings;
    return sendTo(reply, buildRedirectLink({ base, billerGuid: biller.billerGuid, account, viewMode, destination }));
  }

  scope.get<{ Params: { ticket: string } }>(`${PATH}/:ticket`, (request, reply) => {
    const { ticket } = request.params;
    return receive(request, reply, ticket, `${PATH}/${encodeURIComponent(ticket)}`);
  });
  scope.post(PATH, (request, reply) => receive(request, reply, readForm(request).get('ticket') ?? '', undefined));
};
