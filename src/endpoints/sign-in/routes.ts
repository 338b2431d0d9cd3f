import cookie from '@fastify/cookie';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { earlierAppendsEnded } from '../../core/audit/earlier-appends.ts';
import type { AuditWriter } from '../../core/audit/writer.ts';
import { type Biller, openidUrls } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { Session, Sessions } from '../../core/sessions/sessions.ts';
import type { Openid } from '../../integrations/openid/openid.ts';
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
import { launchPath } from '../launch/launch-path.ts';
import { COOKIE, sessionCookie, sessionCookiesOf, sessionIdOf, setSessionCookie } from '../session-cookie.ts';
import { browserIdOf, setBrowserCookie } from './browser-cookie.ts';
import type { BeginAtProvider } from './openid/begin.ts';
import { moveOn } from './openid/move-on.ts';
import type { SignIn } from './sign-in.ts';
import { isNotice, NOTICES, type Notice, signedInPath } from './signed-in-path.ts';
import { signInPage } from './views/sign-in-page.ts';
import { signedInPage } from './views/signed-in-page.ts';
import { signedOutPage } from './views/signed-out-page.ts';
import { nextPath, signInPath, type Waiting, waitingFor } from './waiting.ts';

export interface SignInServices {
  readonly billers: Billers;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly beginAtProvider: BeginAtProvider;
  readonly openid: Pick<Openid, 'signOutUrl'>;
  readonly audit: AuditWriter;
  readonly database: Database;
  readonly publicUrl: string;
}

/** Errors that the form shows, so that nothing has to be typed again but the password. */
const TRY_AGAIN: readonly ErrorCode[] = ['sign_in_failed', 'sign_in_throttled', 'service_busy'];

/** Sign-in by the embedded directory, or at the biller's OpenID Connect provider; sign-out. */
export const signInRoutes: FastifyPluginAsync<SignInServices> = async (scope, services) => {
  const { billers, sessions, signIn, beginAtProvider, openid, audit, database, publicUrl } = services;
  await scope.register(cookie);
  acceptForms(scope);

  interface Shown {
    readonly email?: string;
    readonly hasNewPassword?: boolean;
    readonly error?: IdpError;
  }

  function showSignIn(reply: FastifyReply, biller: Biller, waiting: Waiting, shown: Shown = {}) {
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

  /** Ends the session at one biller; at all of them if none is named. @returns the one that began at its provider */
  async function endSessions(request: FastifyRequest, reply: FastifyReply, biller: Biller | undefined) {
    const names = sessionCookiesOf(request, biller);
    const ended = await database.transaction(async (transaction) => {
      const ids = names.map((name) => request.cookies[name] ?? '');
      const sessionsEnded = await sessions.end(transaction, ids, biller);
      const about = { event: 'session.ended', reference: request.id, address: request.ip, details: {} } as const;
      const events = sessionsEnded.map(({ userId, billerId }) => ({ ...about, userId, billerId }));
      await audit.appendAllWithin(transaction, events);
      return sessionsEnded;
    });
    // The former cookie may hold a session at another biller.
    const isOver = (name: string) => biller === undefined || name === sessionCookie(biller) || ended.length > 0;
    for (const name of names.filter(isOver)) reply.clearCookie(name, COOKIE);
    // Who reads that they are signed out is: no assertion of theirs is committed any more.
    if (ended.length > 0) await earlierAppendsEnded(database);
    return ended.find(({ beganBy }) => beganBy === 'oidc');
  }

  /** @returns where to sign out at the provider, if it says where and can be asked */
  async function signOutUrl(biller: Biller, idToken: string | undefined): Promise<string | undefined> {
    const { signedOut } = openidUrls(publicUrl, biller.slug);
    try {
      return await openid.signOutUrl(biller, signedOut, idToken);
    } catch (error) {
      if (error instanceof IdpError) return undefined;
      throw error;
    }
  }

  scope.get<BillerRoute>('/login/:biller', async (request, reply) => {
    const biller = await billerOf(request, billers);
    refuseFramed(request, biller);
    const parameters = readParameters(rawQuery(request.url));
    const waiting = waitingFor(parameters);
    const isAgain = parameters.has('again');
    const ask = () =>
      biller.settings.signIn === 'oidc'
        ? beginAtProvider(request, reply, biller, waiting, isAgain)
        : showSignIn(reply, biller, waiting, { hasNewPassword: parameters.has('new-password') });
    // With ForceAuthn the Service Provider wants a new sign-in: a session must not skip it.
    if (isAgain || parameters.has('new-password')) return ask();
    const session = await sessions.find(sessionIdOf(request, biller), biller);
    if (session === undefined) return ask();
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
    // The form was open when the biller got its provider.
    if (biller.settings.signIn === 'oidc') return sendTo(reply, signInPath(biller, waiting));
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
    const atProvider = await endSessions(request, reply, biller);
    if (biller === undefined) return sendPage(reply, signedOutPage({}));
    const waiting = waitingFor(parameters);
    // “Not you?” on the way to Invoice Cloud: the sign-on still waits for another person to sign in. The provider would say
    // the same person again unless it is told to ask.
    if (waiting.flow !== undefined) {
      const href = signInPath(biller, waiting);
      return biller.settings.signIn === 'oidc'
        ? moveOn(reply, biller, `${href}&again=1`, 'the sign-in')
        : sendTo(reply, href);
    }
    const href = atProvider && (await signOutUrl(biller, atProvider.idToken));
    if (href !== undefined) return moveOn(reply, biller, href, 'the sign-out');
    const page = {
      billerName: biller.name,
      help: biller.settings,
      signInHref: signedInPath(biller),
      portalHref: biller.settings.portalUrl ?? undefined,
    };
    return sendPage(reply, signedOutPage(page));
  });
};
