import fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import { keepClientAddresses } from '../platform/http/clients/client-address.ts';
import { dropForwardedPorts } from '../platform/http/clients/forwarded-for.ts';
import { createRenderError, handleErrors } from '../platform/http/errors.ts';
import { limitBodies } from '../platform/http/limits/body-limit.ts';
import { ARRIVAL, answerClientErrors, limitConnections } from '../platform/http/limits/connections.ts';
import { drainOnClose } from '../platform/http/limits/drain.ts';
import { limitPipelining } from '../platform/http/limits/pipelining.ts';
import { logRequest, logRequests } from '../platform/http/log.ts';
import { assetRoutes } from '../platform/http/pages/asset-routes.ts';
import { collectFacts } from '../platform/http/request-facts.ts';
import { newReference } from '../platform/util/reference.ts';
import { type ApiServices, apiRoutes } from './api/routes.ts';
import { type HealthServices, healthRoutes } from './health/routes.ts';
import { keepRefusals } from './keep-refusals.ts';
import { type LaunchServices, launchRoutes } from './launch/routes.ts';
import { type TicketServices, ticketRoutes } from './launch/ticket-routes.ts';
import { type MetadataServices, metadataRoutes } from './metadata/routes.ts';
import { securityTxtRoutes } from './security-txt/routes.ts';
import { type OpenidServices, openidRoutes } from './sign-in/openid/routes.ts';
import { type PasswordServices, passwordRoutes } from './sign-in/password-routes.ts';
import { type SignInServices, signInRoutes } from './sign-in/routes.ts';
import { type SignOnServices, signOnRoutes } from './sign-on/routes.ts';

/** Everything that the endpoints use together. */
type ServerServices = SignOnServices &
  SignInServices &
  PasswordServices &
  OpenidServices &
  LaunchServices &
  TicketServices &
  MetadataServices &
  HealthServices &
  ApiServices;

interface ServerOptions {
  readonly logger: Logger;
  readonly settings: {
    /** How many proxies to trust, or their addresses and networks, separated by commas. */
    readonly TRUST_PROXY?: string | undefined;
    /** Where to report a vulnerability; without it there is no security.txt. */
    readonly SECURITY_CONTACT?: string | undefined;
  };
}

/** No route takes a larger body, unless it says so. */
const BODY_LIMIT_BYTES = 16 * 1024;
/** Of a part of a path, percent-encoded; each route has its own limit, which it can explain. */
const MAX_PARAMETER = 4_000;
const TLS_ONLY = { 'strict-transport-security': 'max-age=31536000' };

function trustProxy(value: string | undefined) {
  if (value === undefined) return false;
  const hops = Number(value);
  return Number.isInteger(hops) ? (_address: string, hop: number) => hop < hops : value;
}

/**
 * Makes every response over TLS say that this host is reached over TLS only (RFC 6797). Its subdomains are the operator's:
 * a browser that was told of them would not reach one without TLS for a year.
 */
function requireTls(server: FastifyInstance): void {
  server.addHook('onSend', (_request, reply, payload, done) => {
    reply.headers(TLS_ONLY);
    done(null, payload);
  });
}

/** Builds the HTTP server. Each endpoint is a plugin with its own scope. @returns the server, not listening yet */
export async function createServer(
  services: ServerServices,
  { logger, settings }: ServerOptions,
): Promise<FastifyInstance> {
  const isTls = services.publicUrl.startsWith('https:');
  const onRefused = keepRefusals(services.traces);
  const renderError = createRenderError(onRefused);
  const server = fastify({
    loggerInstance: logger as FastifyInstance['log'],
    // logRequests writes one line per request.
    logController: new LogController({ disableRequestLogging: true }),
    // readParameters reads queries, and is stricter.
    // IDs of portals' users are part of a path.
    routerOptions: { querystringParser: () => ({}), maxParamLength: MAX_PARAMETER },
    genReqId: newReference,
    requestIdHeader: false,
    trustProxy: trustProxy(settings.TRUST_PROXY),
    bodyLimit: BODY_LIMIT_BYTES,
    ...ARRIVAL,
    clientErrorHandler: answerClientErrors(isTls ? TLS_ONLY : {}, onRefused),
    // A HEAD must never issue an assertion, and no page here needs one.
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    // These requests have not passed any hook.
    frameworkErrors: (error, request, reply) => {
      request.facts = {};
      renderError(error, request, reply);
      logRequest(request, reply);
    },
  });
  // Endpoints that take forms say so; nothing else takes a body.
  server.removeAllContentTypeParsers();
  dropForwardedPorts(server);
  limitPipelining(server);
  collectFacts(server);
  handleErrors(server, renderError);
  logRequests(server);
  keepClientAddresses(server);
  drainOnClose(server);
  limitConnections(server.server);
  limitBodies(server);
  if (isTls) requireTls(server);
  await server.register(assetRoutes);
  await server.register(metadataRoutes, services);
  await server.register(signInRoutes, services);
  await server.register(passwordRoutes, services);
  await server.register(openidRoutes, services);
  await server.register(signOnRoutes, services);
  await server.register(launchRoutes, services);
  await server.register(ticketRoutes, services);
  await server.register(apiRoutes, services);
  await server.register(healthRoutes, services);
  const { SECURITY_CONTACT: contact } = settings;
  if (contact !== undefined) await server.register(securityTxtRoutes, { ...services, contact });
  return server;
}
