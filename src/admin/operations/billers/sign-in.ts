import type { BillerSettings } from '../../../core/billers/settings.ts';
import { ClientSecretError, normalClientSecret } from '../../../core/openid/client-secret-form.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { faultOfSecureUrl } from '../../../platform/util/web-url.ts';

const refuse = (setting: keyof BillerSettings, given: string | undefined, complaint: string) =>
  new InputError(complaint, { field: `settings.${setting}`, given });

/** RFC 6749, 3.3. */
const SCOPES = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;
/** RFC 6749, A.1. */
const CLIENT_ID = /^[\x20-\x7e]+$/;

/** An absolute URI (SAML core, 2.7.2.2). */
const AUTHN_CONTEXT_CLASS = /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i;

/** @returns what is wrong with an issuer (OpenID Connect Discovery, 3: https, without query and fragment) */
function faultOfIssuer(issuer: string): string | undefined {
  const fault = faultOfSecureUrl(issuer);
  if (fault !== undefined) return fault;
  const { search, hash, username } = new URL(issuer);
  if (search !== '' || issuer.includes('?') || hash !== '' || issuer.includes('#'))
    return 'it has a query or a fragment';
  if (username !== '') return 'it has a user name';
  if (issuer.includes('/.well-known/'))
    return 'it is the address of the discovery document; leave out /.well-known/ and what follows';
  return undefined;
}

/** @throws InputError if the settings of the sign-in do not fit together */
export function checkSignIn(settings: BillerSettings): void {
  const { signIn, oidcIssuer, oidcClientId, oidcScopes, oidcAcr } = settings;
  const fault = oidcIssuer === null ? undefined : faultOfIssuer(oidcIssuer);
  if (oidcIssuer !== null && fault !== undefined) {
    throw refuse('oidcIssuer', oidcIssuer, `must be an https URL (http for localhost only): ${fault}.`);
  }
  if (oidcClientId !== null && (!CLIENT_ID.test(oidcClientId) || oidcClientId.trim() !== oidcClientId)) {
    throw refuse('oidcClientId', undefined, 'must be printable ASCII characters, without white space around them.');
  }
  if (!SCOPES.test(oidcScopes) || !oidcScopes.split(' ').includes('openid')) {
    const complaint = 'must be scopes separated by one space each, and openid must be among them, e.g. "openid email".';
    throw refuse('oidcScopes', oidcScopes, complaint);
  }
  for (const classRef of Object.values(oidcAcr)) {
    if (AUTHN_CONTEXT_CLASS.test(classRef)) continue;
    const complaint =
      'must be the URI of an AuthnContext class, or the short name of one, e.g. PasswordProtectedTransport.';
    throw refuse('oidcAcr', classRef, complaint);
  }
  if (signIn !== 'oidc') return;
  if (oidcIssuer === null) throw refuse('oidcIssuer', undefined, 'is missing: sign-in by OpenID Connect needs it.');
  if (oidcClientId === null) throw refuse('oidcClientId', undefined, 'is missing: sign-in by OpenID Connect needs it.');
}

const FIELD = 'oidcClientSecret';
const secretError = (complaint: string) => new InputError(complaint, { code: 'client_secret_unusable', field: FIELD });

/**
 * @param given the secret, or the private key in PEM @returns it as it is stored; undefined if none was given
 * @throws InputError client_secret_unusable; it never repeats the secret
 */
export function clientSecretOf(settings: BillerSettings, given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (settings.oidcIssuer === null) throw secretError('needs the issuer that it is for.');
  if (settings.oidcClientId === null) throw secretError('needs the client ID that it is for.');
  try {
    return normalClientSecret(settings.oidcClientAuth, given);
  } catch (error) {
    if (error instanceof ClientSecretError) throw secretError(`${error.message}.`);
    throw error;
  }
}

/** @returns whom the secret of a biller is for, once clientSecretOf has accepted it */
export const clientOf = ({ oidcIssuer, oidcClientId }: BillerSettings) => ({
  issuer: oidcIssuer ?? '',
  clientId: oidcClientId ?? '',
});

/** Whom a secret is for: it is never sent to anybody else, and a key is not used as a password. */
const belongsTo = ({ oidcIssuer, oidcClientId, oidcClientAuth }: BillerSettings) =>
  JSON.stringify([oidcIssuer, oidcClientId, oidcClientAuth === 'private_key_jwt']);

/**
 * @param before undefined for a new biller
 * @param known whether it has a client secret
 * @returns what to do with the client secret that is stored
 * @throws InputError client_secret_missing
 */
export function planClientSecret(
  before: BillerSettings | undefined,
  after: BillerSettings,
  secret: string | undefined,
  known: boolean,
): 'write' | 'keep' | 'delete' {
  if (secret !== undefined) return 'write';
  if (after.oidcIssuer === null) return known ? 'delete' : 'keep';
  const isOther = before !== undefined && belongsTo(before) !== belongsTo(after);
  if (known && !isOther) return 'keep';
  if (after.signIn === 'oidc') {
    const missing = known
      ? 'The one that is stored belongs to another issuer, client ID or way of authentication. Give the one that belongs to these.'
      : 'is missing: sign-in by OpenID Connect needs the client secret that belongs to this issuer and client ID.';
    throw new InputError(missing, { code: 'client_secret_missing', field: FIELD });
  }
  return known ? 'delete' : 'keep';
}

/**
 * The IDs of one issuer are other people at another one (OpenID Connect Core, 5.7).
 *
 * @throws InputError oidc_users_of_another_issuer
 */
export function refuseOtherIssuer(before: BillerSettings, after: BillerSettings): void {
  const [one, other] = [before.oidcIssuer, after.oidcIssuer];
  throw new InputError(
    `Portal users are known by the IDs that ${one} gave them, and the same IDs may be other people at ${other ?? 'the next one'}.`,
    { code: 'oidc_users_of_another_issuer', field: 'oidcUsers' },
  );
}
