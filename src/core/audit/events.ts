/**
 * Every audit event by name, with its meaning and its details. `docs/audit.md` is generated from this list. Events
 * identify people by an internal ID; an email address, an account number and a login type are stored only as keyed
 * hashes, for searching.
 */
export const auditCatalog = {
  'assertion.issued': {
    meaning: 'A signed assertion was sent to the browser. Written before the assertion is sent.',
    details: {
      acs: 'the ACS URL',
      nameIdFormat: 'format of the NameID',
      signed: 'assertion, response or both',
      beganBy:
        'how the portal user became known: password, portal (its word, by a launch) or oidc (by its OpenID Connect provider)',
    },
  },
  'assertion.repeated': {
    meaning:
      'The same assertion was sent to the same browser once more, because the portal user sent a form twice. Written before it is sent.',
    details: {},
  },
  'sign_on.refused': {
    meaning: 'A sign-on request did not result in an assertion.',
    details: {
      code: 'the error code',
      detail: 'what was expected and what was found',
      answered: 'page, or response (an error Response to the ACS)',
    },
  },
  'sign_in.succeeded': { meaning: 'A portal user signed in.', details: { beganBy: 'password, or oidc' } },
  'sign_in.failed': {
    meaning: 'A sign-in failed.',
    details: {
      reason:
        'unknown_user, wrong_password, disabled, changed (the user was changed while the sign-in waited) or throttled; at a provider, an error code and what was found',
    },
  },
  'refusals.counted': {
    meaning:
      'Within about a minute, more sign-ons, launches or calls of the API were refused, or more sign-ins failed, than are written one by one. Counts the rest, for one biller or for what belongs to none.',
    details: {
      of: 'sign_on.refused, sign_in.failed, launch.refused, api.refused or launch.ticket_refused',
      count: 'how many were not written',
      since: 'time of the first of them',
    },
  },
  'session.ended': { meaning: 'A portal user signed out.', details: {} },
  'session.ended_by_provider': {
    meaning: 'The OpenID Connect provider ended sessions of a portal user (back-channel logout).',
    details: { sessions: 'how many' },
  },
  'session.ended_by_operator': {
    meaning: 'An operator ended the sessions of a portal user.',
    details: { actor: 'the operator', reason: 'the reason given', sessions: 'how many' },
  },
  'launch.started': {
    meaning: 'A signed-in portal user was sent to Invoice Cloud by a redirect link.',
    details: { destination: 'number of the destination', viewMode: '0 or 1' },
  },
  'launch.requested': {
    meaning: 'A portal asked for a launch, and got its address.',
    details: {
      actor: 'the API key, or the operator who tests',
      launch: 'ID of the launch',
      destination: 'number of the destination',
      viewMode: '0 or 1',
    },
  },
  'launch.followed': {
    meaning: 'A browser came with the ticket of a launch: a session began, and it was sent on to Invoice Cloud.',
    details: {
      launch: 'ID of the launch',
      destination: 'number of the destination',
      viewMode: '0 or 1',
      beganBy: 'portal: its word says who it is',
      framed: 'yes or no: whether it was inside a frame of the portal',
    },
  },
  'launch.ticket_refused': {
    meaning:
      'A browser came with a ticket that is used, expired or unknown, whose account is not the portal user’s any more, or that a frame can’t use.',
    details: {
      reason: 'used, expired, unknown, or an error code (framed: the browser keeps no cookie of ours in the frame)',
      launch: 'ID of the launch, or none',
      led: 'portal (back to its refreshUrl) or page',
    },
  },
  'launch.refused': {
    meaning: 'A launch was refused, e.g. for someone else’s account or to an unknown destination.',
    details: { code: 'the error code', detail: 'what was expected and what was found' },
  },
  'biller.added': {
    meaning: 'A biller was added.',
    details: { actor: 'the operator', slug: 'the biller', entityId: 'of its Service Provider', acs: 'its ACS URLs' },
  },
  'biller.updated': {
    meaning: 'A biller was changed.',
    details: {
      actor: 'the operator',
      slug: 'the biller',
      changed: 'names of the changed settings',
      differences: 'what each of them was before and is now; long values are cut off',
    },
  },
  'biller.removed': { meaning: 'A biller was removed.', details: { actor: 'the operator', slug: 'the biller' } },
  'key.created': { meaning: 'A signing key was made.', details: { actor: 'the operator', keyType: 'e.g. RSA-2048' } },
  'key.staged': {
    meaning: 'A signing key was made or imported, to follow the active one.',
    details: {
      actor: 'the operator',
      reason: 'the reason given',
      keyType: 'e.g. RSA-2048',
      origin: 'made, imported, signed request or HSM',
    },
  },
  'key.activated': {
    meaning: 'A staged key became active; the previous one is retiring.',
    details: {
      actor: 'the operator, or the address that fetched the one-time metadata URL',
      reason: 'the reason given',
      how: 'proven (by a canary), confirmed (by the operator, because someone had fetched it), fetch (of a one-time metadata URL) or forced; version 0.2.0 also wrote seen (by the Service Provider’s known client)',
      fetchedBy: 'who fetched its certificate, or none',
      previous: 'fingerprint of the previous key',
    },
  },
  'key.canary_started': {
    meaning: 'From now on, the staged key signs the sign-ons of one portal user.',
    details: { actor: 'the operator', reason: 'the reason given' },
  },
  'key.canary_stopped': {
    meaning:
      'The active key signs the sign-ons of that portal user again: stopped, judged, or the key or the portal user was changed.',
    details: {
      actor: 'the operator, or the address that fetched the one-time metadata URL',
      reason: 'the reason given',
    },
  },
  'key.judged': {
    meaning: 'An operator said what Invoice Cloud did with a sign-on that this key signed.',
    details: {
      actor: 'the operator',
      reason: 'the reason given',
      verdict: 'accepted or refused',
      state: 'of the key: staged or active',
    },
  },
  'key.backed_out': {
    meaning: 'The retiring key became active again; the newer one is staged again.',
    details: { actor: 'the operator', reason: 'the reason given', previous: 'fingerprint of the newer one' },
  },
  'key.retired': {
    meaning: 'A key was removed from the metadata and its private key destroyed.',
    details: { actor: 'the operator', reason: 'the reason given' },
  },
  'key.revoked': {
    meaning: 'A key is no longer trusted; its private key was destroyed.',
    details: {
      actor: 'the operator',
      reason: 'the reason given',
      replacement: 'fingerprint of its replacement, or none',
    },
  },
  'key.destroyed': {
    meaning: 'The private key of a retired or revoked key was destroyed in the HSM.',
    details: { label: 'its label in the HSM' },
  },
  'key.requested': {
    meaning: 'A key pair was made, with a certificate request for a certificate authority.',
    details: { actor: 'the operator', reason: 'the reason given', keyType: 'e.g. RSA-2048' },
  },
  'key.exported': {
    meaning: 'A private key was exported, sealed under a passphrase.',
    details: { actor: 'the operator', reason: 'the reason given' },
  },
  'key.handed_over': {
    meaning: 'A one-time metadata URL was made for a staged key.',
    details: { actor: 'the operator', reason: 'the reason given', expires: 'when the URL expires' },
  },
  'key.lasting_url_confirmed': {
    meaning:
      'An operator said that the Service Provider’s form has the lasting metadata URL again, after a one-time URL.',
    details: { actor: 'the operator', reason: 'the reason given' },
  },
  'key.fetch_refused': {
    meaning: 'Someone who knows a valid one-time metadata URL fetched it and is not the Service Provider.',
    details: { detail: 'why it was refused' },
  },
  'key.hand_over_failed': {
    meaning:
      'A fetch of a one-time metadata URL was cut off. The previous key stays active, and the URL can be fetched again.',
    details: { actor: 'the address that fetched it', reason: 'what happened' },
  },
  'key.expiry_warned': {
    meaning: 'An active certificate expires soon. Recorded once each at 60, 30, 7 days and 1 day before.',
    details: { days: 'the threshold', expires: 'when it expires' },
  },
  'api_key.added': {
    meaning: 'An API key was made for the portal of a biller.',
    details: {
      actor: 'the operator',
      key: 'ID of the key',
      role: 'what it may do',
      expires: 'when it expires, or never',
    },
  },
  'api_key.revoked': {
    meaning: 'An API key was revoked.',
    details: { actor: 'the operator', key: 'ID of the key' },
  },
  'api.refused': {
    meaning: 'A call of the API had no valid key.',
    details: {
      reason: 'missing, malformed, unknown, wrong, revoked, expired or role',
      key: 'ID of the key, if it was right once',
    },
  },
  'webhook.changed': {
    meaning: 'The webhook for warnings was set or removed.',
    details: { actor: 'the operator', host: 'its host, or none' },
  },
  'installation.moved': {
    meaning: 'The public address of the installation was changed.',
    details: {
      actor: 'the operator',
      from: 'the old address',
      to: 'the new address',
      entityIds: 'keep or new: whether billers keep their Entity IDs',
    },
  },
  'master_key.rotated': {
    meaning: 'Every secret of the installation was resealed with a new master key.',
    details: { actor: 'the operator', resealed: 'how many were resealed' },
  },
  'user.added': { meaning: 'A portal user was added.', details: { actor: 'the operator' } },
  'user.updated': {
    meaning: 'A portal user was changed.',
    details: { actor: 'the operator', changed: 'names of the changed fields' },
  },
  'user.email_changed': {
    meaning: 'A portal user got another email address. It is found by the new one; `user.updated` by the old one.',
    details: { actor: 'the operator', previous: 'the keyed hash of the old email address' },
  },
  'user.password_link_made': {
    meaning: 'A one-time link was made, with which a portal user can set a new password. Replaces any earlier one.',
    details: { actor: 'the operator', expires: 'when the link expires' },
  },
  'user.password_set': {
    meaning: 'A portal user set a new password with a one-time link, which ended all their sessions.',
    details: {},
  },
  'user.removed': { meaning: 'A portal user was removed.', details: { actor: 'the operator' } },
} as const satisfies Record<string, { meaning: string; details: Record<string, string> }>;

export type AuditEventName = keyof typeof auditCatalog;
export const AUDIT_EVENT_NAMES = Object.keys(auditCatalog) as [AuditEventName, ...AuditEventName[]];

type DetailsIn<Described> = keyof Described extends never
  ? Record<string, never>
  : { readonly [Detail in keyof Described]: string | number | readonly string[] };
type DetailsOf<Name extends AuditEventName> = DetailsIn<(typeof auditCatalog)[Name]['details']>;

/** An event as reported by its cause. */
export type AuditEvent = {
  [Name in AuditEventName]: {
    readonly event: Name;
    /** A code that people can read out over the phone; the same on the page and in the log. */
    readonly reference: string;
    readonly billerId?: string | undefined;
    readonly userId?: string | undefined;
    /** The client of the HTTP request that caused it. */
    readonly address?: string | undefined;
    /** Stored only as a keyed hash, like the accounts and the login type. */
    readonly email?: string | undefined;
    /** The number of the account that it is about; needs the biller. */
    readonly account?: string | undefined;
    /** Numbers of the further accounts in the assertion, or of those that a portal user got. */
    readonly otherAccounts?: readonly string[] | undefined;
    readonly loginType?: number | undefined;
    readonly requestId?: string | undefined;
    readonly assertionId?: string | undefined;
    readonly keyFingerprint?: string | undefined;
    readonly details: DetailsOf<Name>;
  };
}[AuditEventName];
