import type { OperationResult } from '../../../operations/registry.ts';
import { pairs, table } from '../../output.ts';

type BillerView = OperationResult<'biller.show'>;

function encryptionInWords({ slug, serviceProvider }: BillerView): string {
  const { encryption, encryptionAssumed } = serviceProvider;
  if (!encryptionAssumed) return encryption;
  return `${encryption}, which is assumed: the Service Provider does not say what it can decrypt. If it can't: \`ic-idp biller update ${slug} --encrypt never\``;
}

/** What the pages for portal users show besides the name. */
function helpOf({ settings }: BillerView) {
  const { portalUrl, contactUrl, contactEmail, contactPhone, privacyUrl } = settings;
  const all = [
    ['Portal', portalUrl],
    ['Contact page', contactUrl],
    ['Contact email', contactEmail],
    ['Contact phone', contactPhone],
    ['Privacy notice', privacyUrl],
  ] as const;
  return all.flatMap(([what, given]) => (given === null ? [] : [[what, given] as const]));
}

/** Where portal users sign in, and what the provider must know of us. */
function signInOf({ settings, openid }: BillerView) {
  const { signIn, oidcIssuer, oidcClientId } = settings;
  if (oidcIssuer === null) return [];
  return [
    ['Sign-in', signIn === 'oidc' ? 'by OpenID Connect' : 'by the embedded directory; OpenID Connect is not used yet'],
    ['OpenID issuer', oidcIssuer],
    ['  client ID', oidcClientId ?? 'none yet'],
    ['  redirect URI', openid.callback],
    ['  after sign-out', openid.signedOut],
    ['  logout URI', `${openid.backchannelLogout} (back-channel)`],
  ] as const;
}

/** Whether a sign-on may begin here, without a request of the Service Provider. */
function unsolicitedInWords({ settings, ssoUrl }: BillerView): string {
  const { unsolicited, unsolicitedRelayState: relayState } = settings;
  if (!unsolicited) return 'no: every sign-on needs a request';
  return `yes, at ${ssoUrl}, ${relayState === null ? 'without RelayState' : `with the RelayState "${relayState}"`}`;
}

/** The sheet that onboarding staff copies values from. */
export function sheet(biller: BillerView): string {
  const { certificate } = biller;
  const lines = pairs([
    ['Biller', `${biller.name} (${biller.slug})`],
    ['BillerGUID', biller.billerGuid],
    ['Entity ID', biller.entityId],
    ['Metadata URL', biller.metadataUrl],
    ['SSO Service URL', biller.ssoUrl],
    ['Certificate', biller.certificateUrl],
    ['  SHA-256', certificate?.fingerprintSha256 ?? 'no active signing key'],
    ['  SHA-1', certificate?.fingerprintSha1 ?? ''],
    ['  valid to', certificate?.validTo.slice(0, 10) ?? ''],
    [
      'NameID format',
      biller.nameIdFormatUnlisted
        ? `${biller.nameIdFormat}, which the Service Provider does not list. If it refuses it: \`ic-idp biller update ${biller.slug} --name-id-format\``
        : biller.nameIdFormat,
    ],
    ['Signed', biller.sign === 'both' ? 'assertion and Response' : biller.sign],
    ['Encrypted', encryptionInWords(biller)],
    ['Unsolicited', unsolicitedInWords(biller)],
    ['SP entity ID', biller.serviceProvider.entityId],
    ['SP requests', biller.serviceProvider.signedRequests],
    ...biller.serviceProvider.acs.map(
      ({ url, index, isDefault }) => [`SP ACS ${index}`, `${url}${isDefault ? ' (default)' : ''}`] as const,
    ),
    ...biller.serviceProvider.certificates.map(
      ({ use, validTo, fingerprintSha256 }) =>
        ['SP certificate', `${use}, valid to ${validTo.slice(0, 10)}, SHA-256 ${fingerprintSha256}`] as const,
    ),
    ...signInOf(biller),
    ...helpOf(biller),
  ]);
  const claims = table(
    ['  Claim', 'carries', 'name format'],
    biller.claims.map(({ name, meaning, nameFormat }) => [`  ${name}`, meaning, nameFormat]),
  );
  const loginTypes = pairs(
    Object.entries(biller.loginTypes).map(([role, type]) => [role, String(type)] as const),
    '  ',
  );
  return `${lines}\n\n${claims}\n\nLoginType by role\n${loginTypes}\n\nTest link (put a real account number in)\n  ${biller.testLink}`;
}
