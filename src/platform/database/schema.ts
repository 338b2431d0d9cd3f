import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { BillerSettings } from '../../core/billers/settings.ts';
import type { Trace } from '../../diagnostics/traces/trace.ts';
import type { ServiceProvider } from '../../protocols/saml/sp-metadata/service-provider.ts';

const bytea = customType<{ data: Buffer; driverData: Uint8Array }>({
  dataType: () => 'bytea',
  fromDriver: (value) => Buffer.from(value),
});
const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 });

export const billers = pgTable('billers', {
  id: uuid('id').primaryKey().defaultRandom(),
  slug: text('slug').notNull().unique(),
  name: text('name').notNull(),
  billerGuid: uuid('biller_guid').notNull().unique(),
  serviceProvider: jsonb('service_provider').$type<ServiceProvider>().notNull(),
  settings: jsonb('settings').$type<BillerSettings>().notNull(),
  /** Makes persistent name identifiers pairwise and opaque. */
  pairwiseSalt: bytea('pairwise_salt').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
  updatedAt: instant('updated_at').notNull().defaultNow(),
});

export const signingKeys = pgTable(
  'signing_keys',
  {
    id: uuid('id').primaryKey(),
    billerId: uuid('biller_id')
      .notNull()
      .references(() => billers.id, { onDelete: 'cascade' }),
    state: text('state').notNull(),
    keyType: text('key_type').notNull(),
    /** DER, base64. */
    certificate: text('certificate').notNull(),
    /** SHA-256 of the certificate, hexadecimal. */
    fingerprint: text('fingerprint').notNull(),
    /** Null once the private part is destroyed, or where a hardware module holds it. */
    sealedPrivateKey: bytea('sealed_private_key'),
    /** Label of the private key in the hardware module (PKCS#11 CKA_LABEL), where one holds it. */
    moduleLabel: text('module_label'),
    notBefore: instant('not_before').notNull(),
    notAfter: instant('not_after').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    activatedAt: instant('activated_at'),
    /** When the key came into its present state. */
    stateSince: instant('state_since').notNull().defaultNow(),
    /** Until then nothing is signed for this biller: a switch is under way. */
    holdUntil: instant('hold_until'),
  },
  (table) => [
    check(
      'signing_keys_private_part',
      sql`(${table.state} in ('retired', 'revoked')) = (${table.sealedPrivateKey} is null and ${table.moduleLabel} is null)`,
    ),
    uniqueIndex('one_staged_key_per_biller').on(table.billerId).where(sql`${table.state} = 'staged'`),
    uniqueIndex('one_retiring_key_per_biller').on(table.billerId).where(sql`${table.state} = 'retiring'`),
    check('signing_keys_state', sql`${table.state} in ('staged', 'active', 'retiring', 'retired', 'revoked')`),
    uniqueIndex('one_active_key_per_biller').on(table.billerId).where(sql`${table.state} = 'active'`),
    index('signing_keys_biller').on(table.billerId),
  ],
);

/** Key pairs that wait for a certificate authority's answer. */
export const keyRequests = pgTable('key_requests', {
  id: uuid('id').primaryKey(),
  billerId: uuid('biller_id')
    .notNull()
    .unique()
    .references(() => billers.id, { onDelete: 'cascade' }),
  keyType: text('key_type').notNull(),
  sealedPrivateKey: bytea('sealed_private_key').notNull(),
  /** The certificate request, PEM. */
  request: text('request').notNull(),
  createdAt: instant('created_at').notNull(),
});

/** Every fetch of IdP metadata: who has been shown which certificates. */
export const metadataFetches = pgTable(
  'metadata_fetches',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    billerId: uuid('biller_id')
      .notNull()
      .references(() => billers.id, { onDelete: 'cascade' }),
    at: instant('at').notNull(),
    address: text('address').notNull(),
    /** The User-Agent. */
    client: text('client').notNull(),
    /** 200, or 304: the client had been shown the same before. */
    status: integer('status').notNull(),
    /** SHA-256 of the certificates, hexadecimal, as they stood in the document. */
    certificates: text('certificates').array().notNull(),
    /** Not the other side, by the biller's settings: a probe of our own, or a stranger. */
    monitor: boolean('monitor').notNull(),
  },
  (table) => [index('metadata_fetches_biller').on(table.billerId, table.at), index('metadata_fetches_at').on(table.at)],
);

/** Warnings that a certificate ends soon: each is given once. */
export const expiryWarnings = pgTable(
  'expiry_warnings',
  {
    keyId: uuid('key_id')
      .notNull()
      .references(() => signingKeys.id, { onDelete: 'cascade' }),
    /** 60, 30, 7 or 1: how many days were left at most. */
    days: integer('days').notNull(),
    at: instant('at').notNull(),
    /** How its delivery to the webhook stands; see webhook.ts. */
    delivery: text('delivery').notNull(),
    attempts: integer('attempts').notNull().default(0),
    nextAttempt: instant('next_attempt').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.keyId, table.days] }),
    check(
      'expiry_warnings_delivery',
      sql`${table.delivery} in ('waiting', 'sending', 'delivered', 'unknown', 'given_up', 'passed_over')`,
    ),
    index('expiry_warnings_waiting').on(table.nextAttempt).where(sql`${table.delivery} = 'waiting'`),
  ],
);

/** One-time metadata URLs: the other side's fetch makes the staged key active. */
export const oneTimeMetadata = pgTable('one_time_metadata', {
  /** SHA-256 of the token in the URL. */
  tokenHash: bytea('token_hash').primaryKey(),
  billerId: uuid('biller_id')
    .notNull()
    .references(() => billers.id, { onDelete: 'cascade' }),
  keyId: uuid('key_id')
    .notNull()
    .references(() => signingKeys.id, { onDelete: 'cascade' }),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
  /** Networks (CIDR) that the fetch must come from; empty: any. */
  networks: text('networks').array().notNull(),
  usedAt: instant('used_at'),
  usedFrom: text('used_from'),
});

export const portalUsers = pgTable(
  'portal_users',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    billerId: uuid('biller_id')
      .notNull()
      .references(() => billers.id, { onDelete: 'cascade' }),
    email: text('email').notNull(),
    /** The email as it is looked up: lower case. */
    emailKey: text('email_key').notNull(),
    passwordHash: text('password_hash').notNull(),
    disabled: boolean('disabled').notNull().default(false),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [unique('portal_users_email').on(table.billerId, table.emailKey)],
);

export const accounts = pgTable(
  'accounts',
  {
    userId: uuid('user_id')
      .notNull()
      .references(() => portalUsers.id, { onDelete: 'cascade' }),
    number: text('number').notNull(),
    role: text('role').notNull(),
    position: integer('position').notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.number] })],
);

export const sessions = pgTable(
  'sessions',
  {
    /** SHA-256 of the identifier in the cookie. */
    idHash: bytea('id_hash').primaryKey(),
    billerId: uuid('biller_id')
      .notNull()
      .references(() => billers.id, { onDelete: 'cascade' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => portalUsers.id, { onDelete: 'cascade' }),
    /** What the Service Provider knows the session by; tells nothing about the cookie. */
    sessionIndex: text('session_index').notNull(),
    authenticatedAt: instant('authenticated_at').notNull(),
    lastSeenAt: instant('last_seen_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    /** Accounts that launches named and no sign-on has used yet. */
    launchedAccounts: jsonb('launched_accounts').$type<{ number: string; at: number }[]>().notNull().default([]),
  },
  (table) => [index('sessions_expires').on(table.expiresAt), index('sessions_user').on(table.userId)],
);

export const signOnFlows = pgTable(
  'sign_on_flows',
  {
    id: text('id').primaryKey(),
    /** SHA-256 of the secret in the cookie that binds the flow to one browser. */
    secretHash: bytea('secret_hash').notNull(),
    billerId: uuid('biller_id')
      .notNull()
      .references(() => billers.id, { onDelete: 'cascade' }),
    request: jsonb('request').notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [index('sign_on_flows_expires').on(table.expiresAt)],
);

export const auditEvents = pgTable(
  'audit_events',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    at: instant('at').notNull(),
    event: text('event').notNull(),
    reference: text('reference').notNull(),
    billerId: uuid('biller_id'),
    userId: uuid('user_id'),
    /** Keyed hash of the email, to search by it without storing it. */
    emailHash: text('email_hash'),
    requestId: text('request_id'),
    assertionId: text('assertion_id'),
    keyFingerprint: text('key_fingerprint'),
    details: jsonb('details').$type<Record<string, unknown>>().notNull().default({}),
  },
  (table) => [
    // A request is answered once: the second insert for it is turned away by the database itself.
    uniqueIndex('one_assertion_per_request')
      .on(table.billerId, table.requestId)
      .where(sql`${table.event} = 'assertion.issued' and ${table.requestId} is not null`),
    index('audit_events_at').on(table.at),
    index('audit_events_biller').on(table.billerId, table.id),
    index('audit_events_user').on(table.userId, table.id),
    index('audit_events_email').on(table.emailHash, table.id),
    index('audit_events_reference').on(table.reference),
    index('audit_events_request').on(table.requestId).where(sql`${table.requestId} is not null`),
    index('audit_events_assertion').on(table.assertionId).where(sql`${table.assertionId} is not null`),
    // Issued assertions are so many that the newest ones are found without it, and each would pay for its place in it.
    index('audit_events_event').on(table.event, table.id).where(sql`${table.event} <> 'assertion.issued'`),
  ],
);

/** Sign-ons that failed, kept for a week for those who look into them. */
export const signOnTraces = pgTable(
  'sign_on_traces',
  {
    reference: text('reference').primaryKey(),
    billerId: uuid('biller_id').references(() => billers.id, { onDelete: 'cascade' }),
    at: instant('at').notNull(),
    trace: jsonb('trace').$type<Trace>().notNull(),
  },
  (table) => [index('sign_on_traces_at').on(table.at)],
);

/** Attempts counted by rate-limiter-flexible, which prescribes the columns. */
export const rateLimits = pgTable('rate_limits', {
  key: text('key').primaryKey(),
  points: integer('points').notNull(),
  expire: timestamp('expire', { withTimezone: true, precision: 3 }),
});

/** Facts about the installation itself, e.g. which master key its secrets are sealed with. */
export const installation = pgTable('installation', {
  name: text('name').primaryKey(),
  value: text('value').notNull(),
});
