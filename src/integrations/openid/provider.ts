import {
  allowInsecureRequests,
  type Configuration,
  clockTolerance,
  customFetch,
  type DiscoveryRequestOptions,
  discovery,
} from 'openid-client';
import type { Biller } from '../../core/billers/biller.ts';
import { readClientSecret } from '../../core/openid/client-secret.ts';
import type { MasterKey } from '../../core/secrets/master-key.ts';
import type { Database } from '../../platform/database/database.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { boundedFetch } from './bounded-fetch.ts';
import { clientAuthOf } from './client-auth.ts';
import { providerError } from './failures.ts';
import { createTokenVerifier, type TokenVerifier } from './signatures.ts';

/** The OpenID Connect provider of a biller, as its discovery document describes it, and us as its client. */
export interface Provider {
  readonly configuration: Configuration;
  /** As it names itself. */
  readonly issuer: string;
  readonly clientId: string;
  readonly tokens: TokenVerifier;
}

/** Finds the providers of billers; their discovery documents are kept for a while. */
export interface Providers {
  /** @throws IdpError provider_unavailable, provider_misconfigured */
  of(biller: Biller): Promise<Provider>;
}

const TIMEOUT_S = 10;
const RETRY_AFTER_SECONDS = 60;
/** How long a discovery document is used before it is read again. */
const FRESH_MS = 60 * 60_000;
/** How long it is still used while it can't be read. */
const STALE_MS = 24 * 60 * 60_000;
/** How long a failure is passed on, so that a provider that is away does not keep everybody waiting. */
const FAILED_MS = 5_000;

interface Known {
  readonly version: string;
  readonly provider: Provider;
  readonly at: number;
}

interface ProvidersServices {
  readonly database: Database;
  readonly masterKey: MasterKey;
  readonly clock: () => number;
}

/** @throws IdpError if the biller has no provider */
function clientOf({ settings }: Biller) {
  const { signIn, oidcIssuer: issuer, oidcClientId: clientId } = settings;
  if (signIn === 'oidc' && issuer !== null && clientId !== null) return { issuer, clientId };
  throw new IdpError('provider_misconfigured', { detail: 'the biller has no OpenID Connect provider' });
}

export function createProviders({ database, masterKey, clock }: ProvidersServices): Providers {
  const known = new Map<string, Known>();
  const loading = new Map<string, Promise<Provider>>();
  const failed = new Map<string, { readonly key: string; readonly error: IdpError; readonly at: number }>();

  async function discover(biller: Biller): Promise<Provider> {
    const { issuer, clientId } = clientOf(biller);
    const secret = await readClientSecret(database.db, masterKey, biller.id, { issuer, clientId });
    if (secret === undefined) throw new IdpError('provider_misconfigured', { detail: 'the client secret is missing' });
    const { oidcClientAuth, clockSkewSeconds } = biller.settings;
    const options: DiscoveryRequestOptions = {
      timeout: TIMEOUT_S,
      [customFetch]: boundedFetch,
      // Registered for localhost only.
      execute: issuer.startsWith('http:') ? [allowInsecureRequests] : [],
    };
    try {
      const auth = await clientAuthOf(oidcClientAuth, secret);
      const metadata = { [clockTolerance]: clockSkewSeconds };
      const configuration = await discovery(new URL(issuer), clientId, metadata, auth, options);
      const { jwks_uri: keys, issuer: named } = configuration.serverMetadata();
      if (keys === undefined)
        throw new IdpError('provider_misconfigured', { detail: 'the provider publishes no keys' });
      if (issuer.startsWith('https:') && !keys.startsWith('https:')) {
        throw new IdpError('provider_misconfigured', { detail: 'the provider publishes its keys without TLS' });
      }
      return { configuration, issuer: named, clientId, tokens: createTokenVerifier(keys) };
    } catch (error) {
      const { code, detail } = providerError(error, `discovery of ${issuer}`);
      // Nobody has signed in yet: what can't be accepted is the address, or what it answers.
      throw new IdpError(code === 'provider_unavailable' ? code : 'provider_misconfigured', {
        detail,
        cause: error,
        ...(code === 'provider_unavailable' ? { retryAfter: RETRY_AFTER_SECONDS } : {}),
      });
    }
  }

  /** One discovery at a time for each version of a biller. */
  async function load(biller: Biller): Promise<Provider> {
    const key = `${biller.id} ${biller.version}`;
    const lately = failed.get(biller.id);
    if (lately !== undefined && lately.key === key && clock() - lately.at < FAILED_MS) throw lately.error;
    const under = loading.get(key);
    if (under !== undefined) return under;
    const work = discover(biller);
    loading.set(key, work);
    try {
      const provider = await work;
      known.set(biller.id, { version: biller.version, provider, at: clock() });
      failed.delete(biller.id);
      return provider;
    } catch (error) {
      if (error instanceof IdpError) failed.set(biller.id, { key, error, at: clock() });
      throw error;
    } finally {
      loading.delete(key);
    }
  }

  return {
    async of(biller) {
      clientOf(biller);
      const one = known.get(biller.id);
      if (one === undefined || one.version !== biller.version) return load(biller);
      const age = clock() - one.at;
      if (age < FRESH_MS) return one.provider;
      const loaded = load(biller);
      if (age >= STALE_MS) return loaded;
      // Nobody waits for a provider that is slow, as long as what is known may be used.
      loaded.catch(() => undefined);
      return one.provider;
    },
  };
}
