import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import Provider, { type ClientMetadata, type Configuration, interactionPolicy } from 'oidc-provider';

/** A person at the provider. */
interface Person {
  readonly email?: string;
  readonly email_verified?: boolean | string;
  readonly accounts?: unknown;
}

interface ProviderOptions {
  readonly clients: readonly ClientMetadata[];
  /** By `sub`, which is also what a person types into the form to sign in. */
  readonly people: Record<string, Person>;
  readonly acrValues?: readonly string[];
  /** `127.0.0.1` makes it another site than a service on localhost. */
  readonly host?: 'localhost' | '127.0.0.1';
}

/** A real OpenID Connect provider, on localhost. */
export interface TestProvider {
  readonly issuer: string;
  /** Change it and the next sign-in sees the change. */
  readonly people: Record<string, Person>;
  close(): Promise<void>;
}

const readBody = async (request: IncomingMessage): Promise<string> => {
  let body = '';
  for await (const part of request) body += String(part);
  return body;
};

/** The provider's own form, with a way to cancel. */
const form = (uid: string) => `<!doctype html><html lang="en"><title>Sign in – Portal</title>
<h1>Portal sign-in</h1><form method="post" action="/interaction/${uid}">
<label>User <input name="user" autofocus required></label><button>Sign in</button></form>
<form method="post" action="/interaction/${uid}"><input type="hidden" name="cancel" value="yes"><button>Cancel</button></form></html>`;

async function interact(
  provider: Provider,
  options: ProviderOptions,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const { uid } = await provider.interactionDetails(request, response);
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/html' }).end(form(uid));
    return;
  }
  const fields = new URLSearchParams(await readBody(request));
  const accountId = fields.get('user') ?? '';
  const result =
    fields.has('cancel') || options.people[accountId] === undefined
      ? { error: 'access_denied', error_description: 'the person canceled' }
      : { login: { accountId, ...(options.acrValues?.[0] === undefined ? {} : { acr: options.acrValues[0] }) } };
  await provider.interactionFinished(request, response, result);
}

function configuration({ clients, people, acrValues }: ProviderOptions, jwks: { keys: JWK[] }): Configuration {
  const policy = interactionPolicy.base();
  // The portal does not ask its own users whether its own bills may be shown.
  policy.remove('consent');
  return {
    clients: [...clients],
    acrValues: [...(acrValues ?? [])],
    interactions: { policy, url: (_context, { uid }) => `/interaction/${uid}` },
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      bills: ['accounts'],
      acr: null,
      auth_time: null,
      sid: null,
    },
    scopes: ['openid', 'email', 'bills'],
    conformIdTokenClaims: true,
    ttl: { Interaction: 600, Grant: 3600, Session: 3600, AccessToken: 600, IdToken: 600 },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (context, logoutForm) => {
          context.body = `<!doctype html><title>Sign out</title>${logoutForm}<button name="logout" value="yes" form="op.logoutForm">Sign out</button>`;
        },
      },
    },
    cookies: { keys: ['a key of the tests'] },
    findAccount: (_context, sub) => ({ accountId: sub, claims: async () => ({ sub, ...people[sub] }) }),
    async loadExistingGrant(context) {
      const { client, session } = context.oidc;
      const grant = new context.oidc.provider.Grant({
        clientId: client?.clientId ?? '',
        accountId: session?.accountId ?? '',
      });
      grant.addOIDCScope('openid email bills');
      await grant.save();
      return grant;
    },
    jwks,
  };
}

/** Starts the provider. */
export async function startProvider(options: ProviderOptions): Promise<TestProvider> {
  const server: Server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const issuer = `http://${options.host ?? 'localhost'}:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const provider = new Provider(
    issuer,
    configuration(options, { keys: [{ ...(await exportJWK(privateKey)), use: 'sig' }] }),
  );
  const handle = provider.callback();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith('/interaction/')) {
      interact(provider, options, request, response).catch((error: Error) =>
        response.writeHead(400).end(error.message),
      );
    } else void handle(request, response);
  });
  return {
    issuer,
    people: options.people,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
