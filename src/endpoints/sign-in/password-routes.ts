import cookie from '@fastify/cookie';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { ErrorCode } from '../../platform/errors/catalog.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { requireSameOrigin } from '../../platform/http/clients/same-origin.ts';
import { acceptForms, readForm } from '../../platform/http/form.ts';
import { whenGone } from '../../platform/http/limits/gone.ts';
import { sendPage, sendTo } from '../../platform/http/pages/reply.ts';
import { rawQuery, readParameters } from '../../platform/http/parameters.ts';
import { type BillerRoute, billerOf } from '../biller-of.ts';
import { browserIdOf, setBrowserCookie } from './browser-cookie.ts';
import type { SetPassword } from './set-password.ts';
import { setPasswordPage } from './views/set-password-page.ts';

export interface PasswordServices {
  readonly billers: Billers;
  readonly setPassword: SetPassword;
  readonly publicUrl: string;
}

/** Errors that the form shows: the link still works. */
const TRY_AGAIN: readonly ErrorCode[] = ['password_unfit', 'service_busy'];

/** The page behind a one-time link to set a new password. Only the form uses the link up: mail scanners open links. */
export const passwordRoutes: FastifyPluginAsync<PasswordServices> = async (scope, services) => {
  const { billers, setPassword, publicUrl } = services;
  await scope.register(cookie);
  acceptForms(scope);

  async function showForm(reply: FastifyReply, biller: Biller, token: string, error?: IdpError) {
    const { email } = await setPassword.look(biller, token);
    const page = setPasswordPage({
      billerName: biller.name,
      help: biller.settings,
      action: `/password/${biller.slug}`,
      hidden: { link: token },
      email,
      error: error && { title: error.title, sentence: `${error.sentence} ${error.remedy}` },
    });
    if (error?.retryAfter !== undefined) reply.header('retry-after', String(error.retryAfter));
    // Its own URL is the secret.
    return sendPage(reply, page, { status: error?.status ?? 200, referrer: 'none' });
  }

  async function billerWithWayOut(request: FastifyRequest<BillerRoute>): Promise<Biller> {
    const biller = await billerOf(request, billers);
    request.facts.wayOut = { href: `/login/${biller.slug}`, label: 'Go to sign-in', newWindow: false };
    return biller;
  }

  scope.get<BillerRoute>('/password/:biller', async (request, reply) => {
    const biller = await billerWithWayOut(request);
    return showForm(reply, biller, readParameters(rawQuery(request.url)).get('link') ?? '');
  });

  scope.post<BillerRoute>('/password/:biller', async (request, reply) => {
    const biller = await billerWithWayOut(request);
    // The page sends no referrer, so the browser sends no origin either. Without Sec-Fetch-Site the link itself must do:
    // another website does not know it.
    if (request.headers['sec-fetch-site'] !== undefined) requireSameOrigin(request, publicUrl);
    const form = readForm(request);
    const token = form.get('link') ?? '';
    try {
      const browser = await setPassword.set(biller, {
        token,
        password: form.get('password') ?? '',
        address: request.ip,
        reference: request.id,
        browser: browserIdOf(request, biller),
        gone: whenGone(reply),
      });
      setBrowserCookie(reply, biller, browser);
      request.facts.outcome = 'password_set';
      return sendTo(reply, `/login/${biller.slug}?new-password`);
    } catch (error) {
      if (!(error instanceof IdpError) || !TRY_AGAIN.includes(error.code)) throw error;
      request.facts.outcome = error.code;
      request.facts.detail = error.detail;
      return showForm(reply, biller, token, error);
    }
  });
};
