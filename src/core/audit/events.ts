/**
 * Every audit event, by name: what it means and what its details tell. `docs/audit.md` is made from this list. An event
 * names people by an internal id; an email is stored only as a keyed hash, to search by.
 */
export const auditCatalogue = {
  'assertion.issued': {
    meaning: 'A signed assertion was released to the browser. Written before it leaves.',
    details: { acs: 'the ACS URL', nameIdFormat: 'format of the NameID', signed: 'assertion, response or both' },
  },
  'sign_on.refused': {
    meaning: 'A sign-on request was not answered with an assertion.',
    details: {
      code: 'the error code',
      detail: 'what was expected and what came',
      answered: 'page, or response: an error Response to the ACS',
    },
  },
  'sign_in.succeeded': { meaning: 'A portal user signed in.', details: {} },
  'sign_in.failed': {
    meaning: 'A sign-in failed.',
    details: { reason: 'unknown_user, wrong_password, disabled or throttled' },
  },
  'session.ended': { meaning: 'A portal user signed out.', details: {} },
  'launch.started': {
    meaning: 'A signed-in portal user was sent on along a redirect link.',
    details: { destination: 'number of the destination', viewMode: '0 or 1' },
  },
  'launch.refused': {
    meaning: 'A launch was refused, e.g. for an account of somebody else.',
    details: { code: 'the error code', detail: 'what was expected and what came' },
  },
  'biller.added': { meaning: 'A biller was added.', details: { actor: 'the operator', slug: 'the biller' } },
  'biller.updated': {
    meaning: 'A biller was changed.',
    details: { actor: 'the operator', slug: 'the biller', changed: 'names of what changed' },
  },
  'biller.removed': { meaning: 'A biller was removed.', details: { actor: 'the operator', slug: 'the biller' } },
  'key.created': { meaning: 'A signing key was made.', details: { actor: 'the operator', keyType: 'e.g. RSA-2048' } },
  'key.staged': {
    meaning: 'A signing key was made or taken in, and published beside the active one.',
    details: {
      actor: 'the operator',
      reason: 'the reason given',
      keyType: 'e.g. RSA-2048',
      origin: 'made, imported, signed request or module',
    },
  },
  'key.activated': {
    meaning: 'A staged key became the active one; the one before it is retiring.',
    details: {
      actor: 'the operator, or the address whose fetch did it',
      reason: 'the reason given',
      how: 'seen (a fetch had seen it), fetch (of a one-time metadata URL) or forced',
      previous: 'fingerprint of the one before',
    },
  },
  'key.backed_out': {
    meaning: 'The retiring key became the active one again; the newer one is staged again.',
    details: { actor: 'the operator', reason: 'the reason given', previous: 'fingerprint of the newer one' },
  },
  'key.retired': {
    meaning: 'A key was taken out of the metadata and its private part destroyed.',
    details: { actor: 'the operator', reason: 'the reason given' },
  },
  'key.revoked': {
    meaning: 'A key is not to be trusted any more; its private part was destroyed.',
    details: {
      actor: 'the operator',
      reason: 'the reason given',
      replacement: 'fingerprint of the key made in its place, or none',
    },
  },
  'key.destroyed': {
    meaning: 'The private part of a key that was retired or revoked was destroyed in the hardware module.',
    details: { label: 'its label in the module' },
  },
  'key.requested': {
    meaning: 'A key pair was made, with a certificate request for a certificate authority.',
    details: { actor: 'the operator', reason: 'the reason given', keyType: 'e.g. RSA-2048' },
  },
  'key.exported': {
    meaning: 'A private key left the installation, sealed under a passphrase.',
    details: { actor: 'the operator', reason: 'the reason given' },
  },
  'key.handed_over': {
    meaning: 'A one-time metadata URL was made for a staged key.',
    details: { actor: 'the operator', reason: 'the reason given', expires: 'when the URL ends' },
  },
  'key.expiry_warned': {
    meaning: 'An active certificate ends soon. Given once at 60, 30, 7 days and 1 day.',
    details: { days: 'the threshold', expires: 'when it ends' },
  },
  'webhook.changed': {
    meaning: 'The webhook for expiry warnings was set or taken away.',
    details: { actor: 'the operator', host: 'where it leads, or none' },
  },
  'master_key.rotated': {
    meaning: 'Every secret of the installation is sealed with a new master key.',
    details: { actor: 'the operator', resealed: 'how many were sealed anew' },
  },
  'user.added': { meaning: 'A portal user was added.', details: { actor: 'the operator' } },
  'user.updated': {
    meaning: 'A portal user was changed.',
    details: { actor: 'the operator', changed: 'names of what changed' },
  },
  'user.removed': { meaning: 'A portal user was removed.', details: { actor: 'the operator' } },
} as const satisfies Record<string, { meaning: string; details: Record<string, string> }>;

export type AuditEventName = keyof typeof auditCatalogue;
export const AUDIT_EVENT_NAMES = Object.keys(auditCatalogue) as [AuditEventName, ...AuditEventName[]];

type DetailsIn<Described> = keyof Described extends never
  ? Record<string, never>
  : { readonly [Detail in keyof Described]: string | number | readonly string[] };
type DetailsOf<Name extends AuditEventName> = DetailsIn<(typeof auditCatalogue)[Name]['details']>;

/** One event as its cause reports it. */
export type AuditEvent = {
  [Name in AuditEventName]: {
    readonly event: Name;
    /** What a person can read out over the phone; the same on the page and in the log. */
    readonly reference: string;
    readonly billerId?: string | undefined;
    readonly userId?: string | undefined;
    /** Stored as a keyed hash only. */
    readonly email?: string | undefined;
    readonly requestId?: string | undefined;
    readonly assertionId?: string | undefined;
    readonly keyFingerprint?: string | undefined;
    readonly details: DetailsOf<Name>;
  };
}[AuditEventName];
