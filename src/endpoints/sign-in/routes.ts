import cookie from '@fastify/cookie';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { earlierAppendsEnded } from '../../core/audit/earlier-appends.ts';
import type { AuditWriter } from '../../core/audit/writer.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { Session, Sessions } from '../../core/sessions/sessions.ts';
import type { Database } from '../../platform/database/database.ts';
import type { ErrorCode } from '../../platform/errors/catalog.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { isFramed, requireSameOrigin } from '../../platform/http/clients/same-origin.ts';
import { acceptForms, readForm } from '../../platform/http/form.ts';
import { whenGone } from '../../platform/http/limits/gone.ts';
import { sendPage, sendTo } from '../../platform/http/pages/reply.ts';
import { rawQuery, readParameters } from '../../platform/http/parameters.ts';
import { DESTINATION_LABELS, DESTINATION_NAMES } from '../../protocols/invoice-cloud/destinations.ts';
import { type BillerRoute, billerOf } from '../biller-of.ts';
import { LAUNCH_PARAMETERS, launchPath } from '../launch/launch-path.ts';
import { COOKIE, sessionCookie, sessionCookiesOf, sessionIdOf, setSessionCookie } from '../session-cookie.ts';
import { browserIdOf, setBrowserCookie } from './browser-cookie.ts';
import type { SignIn } from './sign-in.ts';
import { isNotice, NOTICES, type Notice, signedInPath } from './signed-in-path.ts';
import { signInPage } from './views/sign-in-page.ts';
import { signedInPage } from './views/signed-in-page.ts';
import { signedOutPage } from './views/signed-out-page.ts';

export interface SignInServices {
  readonly billers: Billers;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly audit: AuditWriter;
  readonly database: Database;
  readonly publicUrl: string;
}

/** Errors that the form shows, so that nothing has to be typed again but the password. */
const TRY_AGAIN: readonly ErrorCode[] = ['sign_in_failed', 'sign_in_throttled', 'service_busy'];

type Parameters = ReadonlyMap<string, string>;

const FLOW_ID = /^[\w-]{16}$/;

/** What waits for the sign-in: a flow, or a launch. The form carries it along; anything else is dropped. */
function waitingFor(parameters: Parameters): Record<string, string> {
  const flow = parameters.get('flow');
  if (flow !== undefined) return FLOW_ID.test(flow) ? { flow } : {};
  if (!parameters.has('destination')) return {};
  const waiting: Record<string, string> = {};
  for (const name of ['destination', ...LAUNCH_PARAMETERS]) {
    const value = parameters.get(name);
    if (value !== undefined) waiting[name] = value;
  }
  return waiting;
}

/** Where a signed-in portal user goes next. Every path is built here from checked parts: no return URL is ever accepted. */
function nextPath(biller: Biller, waiting: Record<string, string>): string | undefined {
  if (waiting.flow !== undefined) return `/saml/${biller.slug}/sso?flow=${waiting.flow}`;
  const { destination, ...rest } = waiting;
  return destination === undefined ? undefined : launchPath(biller.slug, destination, rest);
}

/** Sign-in and sign-out of the embedded directory. */
export const signInRoutes: FastifyPluginAsync<SignInServices> = async (scope, services) => {
  const { billers, sessions, signIn, audit, database, publicUrl } = services;
  await scope.register(cookie);
  acceptForms(scope);

  interface Shown {
    readonly email?: string;
    readonly hasNewPassword?: boolean;
    readonly error?: IdpError;
  }

  function showSignIn(reply: FastifyReply, biller: Biller, waiting: Record<string, string>, shown: Shown = {}) {
    const { email = '', hasNewPassword = false, error } = shown;
    const page = signInPage({
      billerName: biller.name,
      help: biller.settings,
      action: `/login/${biller.slug}`,
      hidden: waiting,
      email,
      hasNewPassword,
      portalHref: biller.settings.portalUrl ?? undefined,
      error: error && { title: error.title, sentence: `${error.sentence} ${error.remedy}` },
    });
    if (error?.retryAfter !== undefined) reply.header('retry-after', String(error.retryAfter));
    // Browsers apply form-action to every redirect after the form, and a waiting launch leads to Invoice Cloud.
    const { redirectLinkBase, acsRedirectOrigins } = biller.settings;
    const formAction = waiting.destination === undefined ? [] : [redirectLinkBase, ...acsRedirectOrigins];
    return sendPage(reply, page, { status: error?.status ?? 200, formAction });
  }

  function showSignedIn(reply: FastifyReply, biller: Biller, { user, accounts }: Session, notice?: Notice) {
    const links = (account: string) =>
      DESTINATION_NAMES.map((name) => ({
        label: DESTINATION_LABELS[name],
        href: launchPath(biller.slug, name, { account }),
      }));
    const page = signedInPage({
      billerName: biller.name,
      help: biller.settings,
      email: user.email,
      accounts: accounts.map(({ number }) => ({ number, links: links(number) })),
      signOutAction: '/logout',
      hidden: { biller: biller.slug },
      notice: notice && NOTICES[notice],
    });
    return sendPage(reply, page);
  }

  /** The site around a frame could watch a password being typed into it. */
  function refuseFramed(request: FastifyRequest, { slug }: Biller): void {
    if (!isFramed(request)) return;
    const href = `/login/${slug}?${rawQuery(request.url)}`;
    request.facts.wayOut = { href, label: 'Continue in a new window', newWindow: true };
    throw new IdpError('framed', { detail: 'the sign-in page was asked for in a frame' });
  }

  /** Ends the session at one biller; at all of them if none is named. */
  async function endSessions(request: FastifyRequest, reply: FastifyReply, biller: Biller | undefined): Promise<void> {
    for (const name of sessionCookiesOf(request)) {
      const id = request.cookies[name] ?? '';
      // The former cookie may hold a session at another biller.
      const isMeant =
        biller === undefined || name === sessionCookie(biller) || (await sessions.find(id, biller)) !== undefined;
      if (!isMeant) continue;
      await database.transaction(async (transaction) => {
        const ended = await sessions.end(transaction, id);
        if (ended === undefined) return;
        const about = { reference: request.id, address: request.ip, ...ended };
        await audit.appendWithin(transaction, { event: 'session.ended', ...about, details: {} });
      });
      reply.clearCookie(name, COOKIE);
    }
    // Who reads that they are signed out is: no assertion of theirs is committed any more.
    await earlierAppendsEnded(database);
  }

  scope.get<BillerRoute>('/login/:biller', async (request, reply) => {
    const biller = await billerOf(request, billers);
    refuseFramed(request, biller);
    const parameters = readParameters(rawQuery(request.url));
    const waiting = waitingFor(parameters);
    // With ForceAuthn the Service Provider wants a new sign-in: a session must not skip the form.
    if (parameters.has('again')) return showSignIn(reply, biller, waiting);
    if (parameters.has('new-password')) return showSignIn(reply, biller, waiting, { hasNewPassword: true });
    const session = await sessions.find(sessionIdOf(request, biller), biller);
    if (session === undefined) return showSignIn(reply, biller, waiting);
    const next = nextPath(biller, waiting);
    if (next !== undefined) return sendTo(reply, next);
    const notice = parameters.get('notice');
    return showSignedIn(reply, biller, session, isNotice(notice) ? notice : undefined);
  });

  scope.post<BillerRoute>('/login/:biller', async (request, reply) => {
    const biller = await billerOf(request, billers);
    requireSameOrigin(request, publicUrl);
    const parameters = readForm(request);
    const waiting = waitingFor(parameters);
    const email = (parameters.get('email') ?? '').slice(0, 320);
    const password = parameters.get('password') ?? '';
    try {
      const signedIn = await signIn(biller, {
        email,
        password,
        address: request.ip,
        reference: request.id,
        previousSession: sessionIdOf(request, biller),
        browser: browserIdOf(request, biller),
        gone: whenGone(reply),
      });
      setSessionCookie(reply, biller, signedIn.session);
      setBrowserCookie(reply, biller, signedIn.browser);
      request.facts.outcome = 'signed_in';
      return sendTo(reply, nextPath(biller, waiting) ?? signedInPath(biller));
    } catch (error) {
      if (!(error instanceof IdpError) || !TRY_AGAIN.includes(error.code)) throw error;
      request.facts.outcome = error.code;
      request.facts.detail = error.detail;
      return showSignIn(reply, biller, waiting, { email, error });
    }
  });

  scope.post('/logout', async (request, reply) => {
    requireSameOrigin(request, publicUrl);
    const parameters = readForm(request);
    const slug = parameters.get('biller');
    const biller = slug === undefined ? undefined : await billers.bySlug(slug).catch(() => undefined);
    await endSessions(request, reply, biller);
    if (biller === undefined) return sendPage(reply, signedOutPage({}));
    const { flow } = waitingFor(parameters);
    // “Not you?” on the way to Invoice Cloud: the sign-on still waits for another person to sign in.
    if (flow !== undefined) return sendTo(reply, `/login/${biller.slug}?flow=${flow}`);
    const page = {
      billerName: biller.name,
      help: biller.settings,
      signInHref: signedInPath(biller),
      portalHref: biller.settings.portalUrl ?? undefined,
    };
    return sendPage(reply, signedOutPage(page));
  });
};
