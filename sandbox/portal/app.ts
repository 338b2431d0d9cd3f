import { readFile } from 'node:fs/promises';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { requireSameOrigin } from '../http/same-origin.ts';
import { Refusal } from '../refusal.ts';
import { DESTINATIONS, type Destination, isDestination } from './destinations.ts';
import { createLaunch, LaunchFailed } from './launches.ts';
import { PortalSessions } from './sessions.ts';
import type { PortalSettings } from './settings.ts';
import type { PortalUser, Users } from './users.ts';
import { framePage } from './views/frame-page.ts';
import { homePage } from './views/home-page.ts';
import { nowherePage, problemPage, signInAgainPage } from './views/problem-page.ts';
import { signInPage } from './views/sign-in-page.ts';

interface PortalOptions extends Pick<PortalSettings, 'publicUrl' | 'idp' | 'invoiceCloud' | 'apiKey'> {
  readonly users: Users;
  /** Takes what goes wrong with a launch; standard error by default. */
  readonly log?: (line: string) => void;
}

/** Somebody who is signed in, and the account that they look at. */
interface Here {
  readonly user: PortalUser;
  readonly account: string;
}

const MAX_BODY_BYTES = 16 * 1024;
const ASSETS = { 'portal.css': 'text/css; charset=utf-8', 'portal.svg': 'image/svg+xml' };

/**
 * Builds the portal of a utility, as a vendor would write it against the API of the Identity Provider. It knows who is signed
 * in, which accounts they have, and nothing of SAML. Does not start listening.
 */
export async function createPortal(options: PortalOptions): Promise<FastifyInstance> {
  const { publicUrl, idp, invoiceCloud, users, log = (line) => console.error(line) } = options;
  const launch = createLaunch(options);
  const sessions = new PortalSessions(publicUrl);
  const app = Fastify({ bodyLimit: MAX_BODY_BYTES });
  await app.register(cookie);
  await app.register(formbody, { bodyLimit: MAX_BODY_BYTES });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });

  /** @param framed whether this portal's own pages may show it in an iframe */
  function send(reply: FastifyReply, page: string, framed = false): FastifyReply {
    // A launch leads from here to the Identity Provider and on to Invoice Cloud: browsers apply form-action to every
    // redirect after a form, and frame-src to every page in an iframe.
    const onwards = [idp, ...invoiceCloud].join(' ');
    const policy = [
      "default-src 'none'",
      "style-src 'self'",
      "img-src 'self'",
      `form-action 'self' ${onwards}`,
      `frame-src 'self' ${onwards}`,
      "base-uri 'none'",
      `frame-ancestors ${framed ? "'self'" : "'none'"}`,
    ];
    return (
      reply
        .header('content-security-policy', policy.join('; '))
        // The Identity Provider tells by the origin that the user comes from here.
        .header('referrer-policy', 'strict-origin-when-cross-origin')
        .type('text/html; charset=utf-8')
        .send(page)
    );
  }

  const fieldsOf = ({ body }: FastifyRequest) => (body ?? {}) as Record<string, string | undefined>;

  function hereOf(request: FastifyRequest): Here | undefined {
    const session = sessions.find(request);
    const user = session && users.byId(session.userId);
    return user && session && { user, account: session.account };
  }

  const isOwn = ({ user }: Here, account: string | undefined): account is string =>
    user.accounts.some(({ number }) => number === account);

  /** Asks for the address at this moment, because it works once and for a minute, and sends the browser there. */
  async function goTo(
    reply: FastifyReply,
    { user, account }: Here,
    destination: Destination,
    viewMode: 0 | 1,
  ): Promise<FastifyReply> {
    const query = new URLSearchParams({ account });
    const again = `${publicUrl}/${viewMode === 1 ? 'frame' : 'again'}/${destination}?${query}`;
    try {
      const url = await launch({
        user,
        account,
        destination,
        viewMode,
        returnUrl: `${publicUrl}/`,
        refreshUrl: again,
      });
      return reply.redirect(url, 303);
    } catch (error) {
      if (!(error instanceof LaunchFailed)) throw error;
      const { reference, isPassing, message } = error;
      log(`launch of ${destination} failed: ${message} (reference ${reference ?? 'none'})`);
      const page = problemPage({
        title: DESTINATIONS[destination].title,
        reference,
        isPassing,
        again,
        framed: viewMode === 1,
      });
      return send(reply.code(isPassing ? 503 : 500), page, viewMode === 1);
    }
  }

  app.setErrorHandler((error, _request, reply) => {
    const isRefusal = error instanceof Refusal;
    const { statusCode } = error as { statusCode?: number };
    const status = isRefusal ? error.status : statusCode !== undefined && statusCode < 500 ? statusCode : 500;
    if (status >= 500) log(`unexpected: ${error instanceof Error ? error.message : String(error)}`);
    return send(reply.code(status), problemPage({ title: 'This page', isPassing: status >= 500 }), true);
  });
  app.setNotFoundHandler((_request, reply) => send(reply.code(404), nowherePage(), true));

  app.get('/health', async () => ({ status: 'ok' }));
  for (const [name, type] of Object.entries(ASSETS)) {
    const content = await readFile(new URL(`assets/${name}`, import.meta.url), 'utf8');
    app.get(`/assets/${name}`, async (_request, reply) =>
      reply.header('cache-control', 'public, max-age=300').type(type).send(content),
    );
  }

  app.get('/', async (request, reply) => {
    const here = hereOf(request);
    return send(reply, here === undefined ? signInPage() : homePage(here));
  });

  app.post('/sign-in', async (request, reply) => {
    requireSameOrigin(request, publicUrl);
    const { email = '', password = '' } = fieldsOf(request);
    const user = users.signIn(email, password);
    const [first] = user?.accounts ?? [];
    if (user === undefined || first === undefined) {
      return send(reply.code(401), signInPage({ email: email.slice(0, 254), hasFailed: true }));
    }
    sessions.begin(reply, user.id, first.number);
    return reply.redirect('/', 303);
  });

  // The session at the Identity Provider ends by itself after half an hour, or with the next launch. Whoever has to be out
  // at once, because their account at the utility is closed, is removed with DELETE /api/users/:id.
  app.post('/sign-out', async (request, reply) => {
    requireSameOrigin(request, publicUrl);
    sessions.end(reply);
    return reply.redirect('/', 303);
  });

  app.post('/account', async (request, reply) => {
    requireSameOrigin(request, publicUrl);
    const session = sessions.find(request);
    const here = hereOf(request);
    const { account } = fieldsOf(request);
    if (session !== undefined && here !== undefined && isOwn(here, account)) session.account = account;
    return reply.redirect('/', 303);
  });

  app.post('/pay', async (request, reply) => {
    requireSameOrigin(request, publicUrl);
    const here = hereOf(request);
    const { destination, account } = fieldsOf(request);
    if (here === undefined || !isDestination(destination) || !isOwn(here, account)) return reply.redirect('/', 303);
    return goTo(reply, { ...here, account }, destination, 0);
  });

  interface Shown {
    Params: { destination: string };
    Querystring: { account?: string };
  }

  app.get<Shown>('/show/:destination', async (request, reply) => {
    const here = hereOf(request);
    const { destination } = request.params;
    const { account } = request.query;
    if (here === undefined || !isDestination(destination) || !isOwn(here, account)) return reply.redirect('/', 303);
    return send(reply, framePage({ ...here, account, destination }));
  });

  // The Identity Provider leads back to one of these for a new launch. The account comes from the address, which anybody can
  // write: only one of the user's own is taken.
  for (const [path, viewMode] of [
    ['/again/:destination', 0],
    ['/frame/:destination', 1],
  ] as const) {
    app.get<Shown>(path, async (request, reply) => {
      const here = hereOf(request);
      const { destination } = request.params;
      const { account } = request.query;
      // Inside the iframe there is no room for a sign-in, and the page for it may not be framed.
      if (here === undefined && viewMode === 1) return send(reply.code(401), signInAgainPage(), true);
      if (here === undefined || !isDestination(destination) || !isOwn(here, account)) return reply.redirect('/', 303);
      // Only our own page shows the frame: nobody is taken along by a link to it.
      if (viewMode === 1 && !['iframe', undefined].includes(request.headers['sec-fetch-dest'])) {
        return reply.redirect(`/show/${destination}?${new URLSearchParams({ account })}`, 303);
      }
      return goTo(reply, { ...here, account }, destination, viewMode);
    });
  }
  return app;
}
