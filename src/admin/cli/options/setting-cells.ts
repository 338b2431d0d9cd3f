import type { BillerSettings } from '../../../core/billers/settings.ts';

type Claim = BillerSettings['emailClaim'];

const yesNo = (value: boolean) => (value ? 'yes' : 'no');
const lines = (values: readonly string[]) => values.join('\n');
const claim = ({ name, nameFormat, friendlyName }: Claim) =>
  `${name}:${nameFormat}${friendlyName === undefined ? '' : `;${friendlyName}`}`;

/** Certificates (DER in base64) as a cell: PEM. */
export const certificateCell = (certificates: readonly string[]) =>
  certificates
    .map((one) => `-----BEGIN CERTIFICATE-----\n${one.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----`)
    .join('\n');

/**
 * Writes settings as the options that give them, by the names of the columns of `ic-idp biller import`. What an option
 * can't give is empty.
 */
export function settingCells(settings: BillerSettings): Record<string, string> {
  const { accountNumberClaim, constantClaims, loginTypes, stageDaysBefore } = settings;
  return {
    'email-claim': claim(settings.emailClaim),
    'login-type-claim': claim(settings.loginTypeClaim),
    'account-number-claim': accountNumberClaim === null ? '' : claim(accountNumberClaim),
    'account-number': accountNumberClaim === null ? 'no' : '',
    'constant-claim': lines(constantClaims.flatMap((one) => one.values.map((value) => `${claim(one)}=${value}`))),
    'login-type': Object.entries(loginTypes)
      .map(([role, type]) => `${role}=${type}`)
      .join(','),
    'default-login-type': String(settings.defaultLoginType),
    accounts: settings.accounts,
    'name-id-format': settings.nameIdFormat,
    sign: settings.sign,
    'request-signature': settings.requestSignature,
    encrypt: settings.encrypt,
    'encryption-algorithm': settings.encryptionAlgorithm,
    unsolicited: yesNo(settings.unsolicited),
    'unsolicited-relay-state': settings.unsolicitedRelayState ?? '',
    'sign-metadata': yesNo(settings.signMetadata),
    rotation: settings.rotation,
    monitor: lines(settings.monitors),
    'metadata-client': lines(settings.metadataClients),
    'stage-before': stageDaysBefore === null ? 'never' : String(stageDaysBefore),
    'expired-key': settings.expiredKey,
    'refresh-metadata': settings.refreshMetadata,
    'metadata-signing-certificate': certificateCell(settings.metadataSigningCertificates),
    'view-mode': String(settings.viewMode),
    'redirect-link-base': settings.redirectLinkBase,
    'acs-redirect-origin': lines(settings.acsRedirectOrigins),
    'portal-url': lines([...(settings.portalUrl === null ? [] : [settings.portalUrl]), ...settings.furtherPortalUrls]),
    'contact-url': settings.contactUrl ?? '',
    'contact-email': settings.contactEmail ?? '',
    'contact-phone': settings.contactPhone ?? '',
    'privacy-url': settings.privacyUrl ?? '',
    'sign-in': settings.signIn,
    'oidc-issuer': settings.oidcIssuer ?? '',
    'oidc-client-id': settings.oidcClientId ?? '',
    'oidc-client-auth': settings.oidcClientAuth,
    'oidc-scopes': settings.oidcScopes,
    'oidc-email-claim': settings.oidcEmailClaim,
    'oidc-unverified-email': yesNo(settings.oidcUnverifiedEmail),
    'oidc-accounts-claim': settings.oidcAccountsClaim ?? '',
    'oidc-default-role': settings.oidcDefaultRole,
    'oidc-acr': lines(Object.entries(settings.oidcAcr).map(([acr, classRef]) => `${acr}=${classRef}`)),
    'assertion-lifetime': String(settings.assertionLifetimeSeconds),
    'clock-skew': String(settings.clockSkewSeconds),
    'request-max-age': String(settings.requestMaxAgeSeconds),
    'relay-state-max': String(settings.relayStateMaxBytes),
    'session-idle': String(settings.sessionIdleMinutes),
    'session-lifetime': String(settings.sessionLifetimeMinutes),
  };
}
