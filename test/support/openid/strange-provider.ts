import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';

/** Answers one request in its own way. */
type Answer = (response: ServerResponse) => void;

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

/**
 * An OpenID Connect provider that breaks rules as told: it speaks the protocol, but asks nobody anything. A test plays the
 * browser that comes back from it.
 */
export interface StrangeProvider {
  readonly issuer: string;
  /** Claims of the next ID tokens, over those that are right. `undefined` leaves one out. */
  claims: Record<string, unknown>;
  /** Answers instead of the token endpoint, the discovery document, the keys or the userinfo endpoint. */
  instead: { token?: Answer; discovery?: Answer; keys?: Answer; userinfo?: Answer };
  /** How the next ID tokens are signed. */
  signed: 'right' | 'none' | 'client secret' | 'unknown key';
  /** Runs before the token endpoint answers. */
  beforeToken: (() => Promise<void>) | undefined;
  /** How often each endpoint was asked. */
  readonly asked: Record<string, number>;
  /** What came to the token endpoint last. */
  lastTokenRequest: { readonly authorization: string | undefined; readonly form: URLSearchParams } | undefined;
  /** Replaces the signing key, and publishes the new one only. */
  rotateKey(): Promise<void>;
  /** @returns a token signed with the current key, e.g. a logout token */
  sign(claims: JWTPayload, header?: Record<string, string>): Promise<string>;
  /** Puts everything right again. */
  behave(): void;
  close(): Promise<void>;
}

export const CLIENT = { id: 'ic-idp', secret: 'a secret of 32 bytes, and not less' };
export const json =
  (value: unknown, status = 200): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };

async function newKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'ES256' } };
}

export async function startStrangeProvider(): Promise<StrangeProvider> {
  let keys = 1;
  let key = await newKey('key-1');
  const unknown = await newKey('key-unknown');
  const asked: Record<string, number> = {};
  let issuer = '';
  /** Codes hold what the authorization endpoint would have kept: the nonce. */
  const nonceOf = (code: string | null) => code?.split(' ')[1] ?? '';

  async function idToken(form: URLSearchParams): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const right = {
      iss: issuer,
      aud: CLIENT.id,
      sub: 'pat',
      iat: now,
      exp: now + 300,
      nonce: nonceOf(form.get('code')),
      email: 'pat@example.com',
      email_verified: true,
      accounts: ['101Invoice'],
    };
    const all = Object.entries({ ...right, ...provider.claims }).filter(([, value]) => value !== undefined);
    const claims = Object.fromEntries(all) as JWTPayload;
    if (provider.signed === 'none') return new UnsecuredJWT(claims).encode();
    if (provider.signed === 'client secret') {
      return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(CLIENT.secret));
    }
    const { kid, privateKey } = provider.signed === 'unknown key' ? unknown : key;
    return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
  }

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', issuer);
    asked[pathname] = (asked[pathname] ?? 0) + 1;
    let body = '';
    for await (const part of request) body += String(part);
    if (pathname === '/.well-known/openid-configuration') {
      const discovery = {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        userinfo_endpoint: `${issuer}/userinfo`,
        jwks_uri: `${issuer}/keys`,
        end_session_endpoint: `${issuer}/logout`,
        id_token_signing_alg_values_supported: ['ES256', 'HS256', 'none'],
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        authorization_response_iss_parameter_supported: true,
      };
      (provider.instead.discovery ?? json(discovery))(response);
    } else if (pathname === '/keys') {
      (provider.instead.keys ?? json({ keys: [key.jwk] }))(response);
    } else if (pathname === '/userinfo') {
      (provider.instead.userinfo ?? json({ sub: 'pat' }))(response);
    } else if (pathname === '/token') {
      const form = new URLSearchParams(body);
      await provider.beforeToken?.();
      provider.lastTokenRequest = { authorization: request.headers.authorization, form };
      if (provider.instead.token !== undefined) provider.instead.token(response);
      else json({ access_token: 'at', token_type: 'Bearer', id_token: await idToken(form) })(response);
    } else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  issuer = `http://localhost:${(server.address() as AddressInfo).port}`;

  const provider: StrangeProvider = {
    issuer,
    claims: {},
    instead: {},
    signed: 'right',
    beforeToken: undefined,
    asked,
    lastTokenRequest: undefined,
    async rotateKey() {
      keys += 1;
      key = await newKey(`key-${keys}`);
    },
    sign: (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: key.kid, ...header }).sign(key.privateKey),
    behave() {
      provider.claims = {};
      provider.instead = {};
      provider.signed = 'right';
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return provider;
}
