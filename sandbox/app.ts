import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import Fastify, { type FastifyInstance } from 'fastify';
import { BillerStore } from './billers/biller-store.ts';
import { onboardingRoutes } from './billers/onboarding-routes.ts';
import { sendRefusal } from './http/answers.ts';
import { assetRoutes } from './http/asset-routes.ts';
import { checkedUrl } from './http/safe-url.ts';
import { payRoutes } from './pay-routes.ts';
import { Refusal } from './refusal.ts';
import { SignOn } from './saml/sign-on.ts';
import { samlRoutes } from './saml-routes.ts';
import { Sessions } from './sessions.ts';

interface SandboxOptions {
  /** The base of all absolute URLs, for example http://127.0.0.1:4000. */
  readonly publicUrl: string;
  /** JSON file that keeps the onboarded billers across restarts. Without it, they are only in memory. */
  readonly storeFile?: string;
  /** Origins of Identity Providers whose metadata may be fetched although they are not at a public address. */
  readonly idpOrigins?: readonly string[];
  readonly logger?: boolean;
}

const maxBodyBytes = 512 * 1024;

/**
 * Builds the Invoice Cloud sandbox: an independent Service Provider that shares only the SAML standard with the
 * Identity Provider. Does not start listening.
 * @throws Error if publicUrl or the store file is unusable
 */
export async function createSandbox(options: SandboxOptions): Promise<FastifyInstance> {
  const publicUrl = checkedUrl(options.publicUrl)?.origin;
  if (publicUrl === undefined) {
    throw new Error(`The sandbox's public URL, ${options.publicUrl}, must use https (http for localhost only).`);
  }
  const billers = await BillerStore.open(options.storeFile);
  const sessions = new Sessions(publicUrl);
  const app = Fastify({
    bodyLimit: maxBodyBytes,
    // Queries contain account numbers and SAML messages, so log only the path.
    logger: options.logger
      ? { serializers: { req: ({ method, url }) => ({ method, path: url.split('?', 1)[0] }) } }
      : false,
  });

  await app.register(cookie);
  await app.register(formbody, { bodyLimit: maxBodyBytes });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    if (!reply.hasHeader('cache-control')) {
      reply.header('cache-control', 'no-store');
    }
  });
  app.setErrorHandler((error, request, reply) => sendRefusal(request, reply, asRefusal(error, request.log)));
  app.setNotFoundHandler((request, reply) =>
    sendRefusal(
      request,
      reply,
      new Refusal('unknown-page', 404, 'This page does not exist.', 'Start from the overview at /.'),
    ),
  );

  app.get('/health', async () => ({ status: 'ok' }));
  await app.register(assetRoutes);
  const sources = { idpOrigins: options.idpOrigins ?? [] };
  await app.register(onboardingRoutes, { publicUrl, billers, sources });
  await app.register(samlRoutes, { publicUrl, billers, sessions, signOn: new SignOn(publicUrl), sources });
  await app.register(payRoutes, { billers, sessions, publicUrl });
  return app;
}

function asRefusal(error: unknown, log: { error(details: object, message: string): void }): Refusal {
  if (error instanceof Refusal) {
    return error;
  }
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (error instanceof Error && status >= 400 && status < 500) {
    return new Refusal('bad-request', 400, `The request can't be read: ${error.message}.`, 'Check the request.', error);
  }
  log.error({ err: error }, 'unexpected error');
  return new Refusal('internal', 500, 'Something went wrong in the sandbox.', 'See its log on standard output.', error);
}
