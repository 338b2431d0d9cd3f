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
