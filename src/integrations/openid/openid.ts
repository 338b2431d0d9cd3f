import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  fetchUserInfo,
} from 'openid-client';
import type { Biller } from '../../core/billers/biller.ts';
import { IdpError } from '../../platform/errors/idp-error.ts';
import { providerError } from './failures.ts';
import { type LogoutToken, readLogoutToken } from './logout-token.ts';
import type { Provider, Providers } from './provider.ts';
import { type Claims, readSaidOfUser, type SaidOfUser, wantedClaims } from './said-of-user.ts';

/** What one sign-in at a provider is recognized by when the browser comes back. */
interface Expected {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** How a sign-in is asked for. */
interface Wanted extends Expected {
  /** `login`: the person must sign in now; `none`: nothing may be shown to them (OpenID Connect Core, 3.1.2.1). */
  readonly prompt: 'login' | 'none' | undefined;
  /** Any of these will do; none if it does not matter. */
  readonly acrValues: readonly string[];
}

/** A sign-in that took place at the provider. */
export interface ProvenSignIn {
  readonly user: SaidOfUser;
  /** When the person proved who they are, in milliseconds since 1970; null if the provider did not say. */
  readonly provenAt: number | null;
  readonly acr: string | undefined;
  /** The provider's own ID of the session. */
  readonly sid: string | null;
  readonly idToken: string;
}

/** Sign-in at the OpenID Connect providers of billers, by the code flow with PKCE. */
export interface Openid {
  /** @returns the address at the provider to send the browser to @throws IdpError provider_... */
  authorizationUrl(biller: Biller, redirectUri: string, wanted: Wanted): Promise<string>;
  /**
   * Redeems the code that the browser brought.
   *
   * @param callback the whole address that the browser came to
   * @throws IdpError provider_..., claim_missing, claim_invalid, email_unverified
   */
  redeem(biller: Biller, callback: URL, expected: Expected): Promise<ProvenSignIn>;
  /** @returns where to sign out at the provider; undefined if it does not say where */
  signOutUrl(biller: Biller, returnTo: string, idToken: string | undefined): Promise<string | undefined>;
  /** @returns which sessions a logout token ends @throws IdpError provider_... */
  readLogoutToken(biller: Biller, token: string): Promise<LogoutToken>;
}

/** What is no time of this century is none. */
const LATEST_SECONDS = 4_102_444_800;
const seconds = (claim: unknown): number | null =>
  Number.isSafeInteger(claim) && (claim as number) > 0 && (claim as number) < LATEST_SECONDS
    ? (claim as number) * 1000
    : null;
const text = (claim: unknown): string | undefined => (typeof claim === 'string' ? claim : undefined);
const MAX_SID = 1_000;

export function createOpenid({ providers }: { providers: Providers }): Openid {
  /** What the ID token does not say, the userinfo endpoint may. */
  async function completed(provider: Provider, biller: Biller, claims: Claims, accessToken: string): Promise<Claims> {
    const { userinfo_endpoint: endpoint } = provider.configuration.serverMetadata();
    const isComplete = wantedClaims(biller.settings).every((name) => claims[name] !== undefined);
    if (isComplete || endpoint === undefined) return claims;
    const more = await fetchUserInfo(provider.configuration, accessToken, String(claims.sub)).catch(
      (error: unknown) => {
        throw providerError(error, 'the userinfo endpoint');
      },
    );
    // What is verified is the email of the same answer.
    const isSameEmail = claims.email === undefined || more.email === claims.email;
    const { email_verified: verified, ...others } = more;
    return { ...others, ...(isSameEmail ? { email_verified: verified } : {}), ...claims };
  }

  return {
    async authorizationUrl(biller, redirectUri, { state, nonce, codeVerifier, prompt, acrValues }) {
      const { configuration } = await providers.of(biller);
      const parameters = new URLSearchParams({
        redirect_uri: redirectUri,
        scope: biller.settings.oidcScopes,
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
      });
      if (prompt !== undefined) parameters.set('prompt', prompt);
      // With max_age the provider must say when the person signed in (OpenID Connect Core, 3.1.2.1).
      if (prompt === 'login') parameters.set('max_age', '0');
      if (acrValues.length > 0) parameters.set('acr_values', acrValues.join(' '));
      try {
        return buildAuthorizationUrl(configuration, parameters).href;
      } catch (error) {
        throw providerError(error, 'the address of the sign-in');
      }
    },

    async redeem(biller, callback, { state, nonce, codeVerifier }) {
      const provider = await providers.of(biller);
      const { configuration, issuer, clientId, tokens } = provider;
      const checks = {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        idTokenExpected: true,
      };
      const refuse = (what: string) => (error: unknown) => {
        throw providerError(error, what);
      };
      const granted = await authorizationCodeGrant(configuration, callback, checks).catch(refuse('the answer'));
      const idToken = granted.id_token ?? '';
      const skew = { clockTolerance: biller.settings.clockSkewSeconds };
      // The library trusts the TLS connection, as the standard allows. The signature costs little, and proves the ID token.
      await tokens.verify(idToken, { issuer, audience: clientId, ...skew }, 'the ID token');
      const claims = granted.claims() as Claims;
      const all = await completed(provider, biller, claims, granted.access_token);
      const sid = text(claims.sid) ?? null;
      return {
        user: readSaidOfUser(all, biller.settings),
        provenAt: seconds(claims.auth_time),
        acr: text(claims.acr),
        // The database has no U+0000.
        sid: sid !== null && sid.length <= MAX_SID && !/\p{Cc}/u.test(sid) ? sid : null,
        idToken,
      };
    },

    async signOutUrl(biller, returnTo, idToken) {
      const { configuration } = await providers.of(biller);
      if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
      const hint: Record<string, string> = idToken === undefined ? {} : { id_token_hint: idToken };
      try {
        return buildEndSessionUrl(configuration, { post_logout_redirect_uri: returnTo, ...hint }).href;
      } catch (error) {
        throw providerError(error, 'the address of the sign-out');
      }
    },

    async readLogoutToken(biller, token) {
      const { tokens, issuer, clientId } = await providers.of(biller);
      if (token.length > 16_000)
        throw new IdpError('provider_answer_refused', { detail: 'the logout token is too long' });
      return readLogoutToken(tokens, token, { issuer, clientId, skewSeconds: biller.settings.clockSkewSeconds });
    },
  };
}
