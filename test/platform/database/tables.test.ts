import type { Insertable, Selectable } from 'kysely';
import { expect, inject, test } from 'vitest';
import type { Tables } from '../../../src/platform/database/database.ts';
import { openPostgresql } from '../../../src/platform/database/postgresql.ts';
import { createTestDatabase } from '../../support/postgres/postgres.ts';

type Sql<Value> = Value extends string
  ? 'text' | 'uuid' | 'inet'
  : Value extends number
    ? 'integer' | 'bigint'
    : Value extends boolean
      ? 'boolean'
      : Value extends Date
        ? 'timestamp with time zone'
        : Value extends Buffer
          ? 'bytea'
          : Value extends string[]
            ? 'text[]'
            : 'jsonb';
type Column<Selected, Needed> = `${Sql<NonNullable<Selected>>}${null extends Selected
  ? ' null'
  : ''}${undefined extends Needed ? (null extends Selected ? '' : ' default') : ''}`;

/** Columns as declared in the `schema.ts` files. The compiler checks that the object below has exactly these. */
type Described = {
  [Table in keyof Tables]: {
    [Name in keyof Selectable<Tables[Table]>]: Column<
      Selectable<Tables[Table]>[Name],
      Name extends keyof Insertable<Tables[Table]> ? Insertable<Tables[Table]>[Name] : undefined
    >;
  };
};

const described: Described = {
  accounts: { userId: 'uuid', number: 'text', role: 'text', position: 'integer' },
  auditEvents: {
    id: 'bigint default',
    at: 'timestamp with time zone',
    event: 'text',
    reference: 'text',
    billerId: 'uuid null',
    userId: 'uuid null',
    emailHash: 'text null',
    requestId: 'text null',
    assertionId: 'text null',
    keyFingerprint: 'text null',
    details: 'jsonb default',
    address: 'inet null',
    accountHash: 'text null',
    otherAccountHashes: 'text[] null',
    loginTypeHash: 'text null',
  },
  billers: {
    id: 'uuid default',
    slug: 'text',
    name: 'text',
    billerGuid: 'uuid',
    serviceProvider: 'jsonb',
    settings: 'jsonb',
    pairwiseSalt: 'bytea',
    entityId: 'text null',
    createdAt: 'timestamp with time zone default',
    updatedAt: 'timestamp with time zone default',
  },
  expiryWarnings: {
    keyId: 'uuid',
    days: 'integer',
    at: 'timestamp with time zone',
    delivery: 'text',
    attempts: 'integer default',
    nextAttempt: 'timestamp with time zone',
  },
  installation: { name: 'text', value: 'text' },
  instances: {
    id: 'uuid',
    host: 'text',
    pid: 'integer',
    version: 'text',
    masterKeys: 'text[]',
    startedAt: 'timestamp with time zone',
    seenAt: 'timestamp with time zone',
  },
  keyRequests: {
    id: 'uuid',
    billerId: 'uuid',
    keyType: 'text',
    sealedPrivateKey: 'bytea',
    request: 'text',
    createdAt: 'timestamp with time zone',
  },
  knownBrowsers: {
    idHash: 'bytea',
    userId: 'uuid',
    seenAt: 'timestamp with time zone',
    expiresAt: 'timestamp with time zone',
    attemptsKey: 'uuid default',
    copiedAt: 'timestamp with time zone null',
  },
  metadataFetches: {
    id: 'bigint default',
    billerId: 'uuid',
    at: 'timestamp with time zone',
    address: 'text',
    client: 'text',
    status: 'integer',
    certificates: 'text[]',
    monitor: 'boolean',
    oneTime: 'boolean default',
    count: 'integer default',
    digest: 'bytea null',
  },
  oneTimeMetadata: {
    tokenHash: 'bytea',
    billerId: 'uuid',
    keyId: 'uuid',
    createdAt: 'timestamp with time zone',
    expiresAt: 'timestamp with time zone',
    networks: 'text[]',
    usedAt: 'timestamp with time zone null',
    usedFrom: 'text null',
    replacedAt: 'timestamp with time zone null',
  },
  apiKeys: {
    id: 'text',
    billerId: 'uuid',
    role: 'text',
    secretHash: 'bytea',
    createdAt: 'timestamp with time zone',
    expiresAt: 'timestamp with time zone null',
    revokedAt: 'timestamp with time zone null',
    lastUsedAt: 'timestamp with time zone null',
  },
  launchTickets: {
    id: 'text',
    ticketHash: 'bytea',
    replacedHash: 'bytea null',
    billerId: 'uuid',
    userId: 'uuid',
    account: 'text',
    destination: 'integer',
    viewMode: 'integer',
    returnUrl: 'text null',
    refreshUrl: 'text null',
    expiresAt: 'timestamp with time zone',
    usedAt: 'timestamp with time zone null',
    refreshedAt: 'timestamp with time zone null',
  },
  apiAnswers: {
    apiKeyId: 'text',
    keyHash: 'bytea',
    fingerprint: 'bytea',
    startedAt: 'timestamp with time zone',
    sealedAnswer: 'bytea null',
  },
  openidClientSecrets: { billerId: 'uuid', issuer: 'text', clientId: 'text', sealedSecret: 'bytea' },
  passwordLinks: {
    userId: 'uuid',
    tokenHash: 'bytea',
    createdAt: 'timestamp with time zone',
    expiresAt: 'timestamp with time zone',
  },
  portalUsers: {
    id: 'uuid default',
    billerId: 'uuid',
    source: 'text default',
    externalId: 'text null',
    email: 'text',
    emailKey: 'text null',
    passwordHash: 'text null',
    disabled: 'boolean default',
    createdAt: 'timestamp with time zone default',
  },
  signInAttempts: { key: 'text', points: 'integer', expire: 'bigint null' },
  providerChecks: { billerId: 'uuid', nextCheck: 'timestamp with time zone' },
  providerFindings: {
    billerId: 'uuid',
    kind: 'text',
    subject: 'text',
    finding: 'text',
    foundAt: 'timestamp with time zone',
    delivery: 'text',
    attempts: 'integer default',
    nextAttempt: 'timestamp with time zone',
  },
  sessions: {
    idHash: 'bytea',
    billerId: 'uuid',
    userId: 'uuid',
    sessionIndex: 'text',
    authenticatedAt: 'timestamp with time zone',
    beganBy: 'text default',
    lastSeenAt: 'timestamp with time zone',
    expiresAt: 'timestamp with time zone',
    launchedAccounts: 'jsonb default',
    framedAccount: 'text null',
    provenAt: 'timestamp with time zone null',
    authnContext: 'text null',
    providerSession: 'text null',
    sealedIdToken: 'bytea null',
  },
  signingKeys: {
    id: 'uuid',
    billerId: 'uuid',
    state: 'text',
    keyType: 'text',
    certificate: 'text',
    fingerprint: 'text',
    sealedPrivateKey: 'bytea null',
    moduleLabel: 'text null',
    notBefore: 'timestamp with time zone',
    notAfter: 'timestamp with time zone',
    createdAt: 'timestamp with time zone default',
    activatedAt: 'timestamp with time zone null',
    stateSince: 'timestamp with time zone default',
    holdUntil: 'timestamp with time zone null',
    trust: 'text null',
    trustAt: 'timestamp with time zone null',
    canaryUserId: 'uuid null',
    canarySince: 'timestamp with time zone null',
  },
  signOnFlows: {
    id: 'text',
    secretHash: 'bytea',
    billerId: 'uuid',
    request: 'jsonb',
    chosen: 'text null',
    expiresAt: 'timestamp with time zone',
  },
  signOnAnswers: {
    flowId: 'text',
    billerId: 'uuid',
    secretHash: 'bytea',
    begunAt: 'timestamp with time zone',
    answeredAt: 'timestamp with time zone null',
    answer: 'bytea null',
    repeats: 'integer default',
    expiresAt: 'timestamp with time zone',
  },
  signOnTraces: { reference: 'text', billerId: 'uuid null', at: 'timestamp with time zone', trace: 'jsonb' },
  userImports: {
    id: 'uuid default',
    billerId: 'uuid',
    source: 'text',
    reference: 'text',
    beganAt: 'timestamp with time zone default',
  },
  userImportRows: {
    importId: 'uuid',
    externalId: 'text',
    line: 'integer',
    email: 'text',
    account: 'text',
    role: 'text',
  },
};

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

// Only version 0.1.0 uses rate_limits.
test('the table interfaces match the columns of the database in name, type, nullability and default', async () => {
  const { url, drop } = await createTestDatabase(inject('postgresUrl'));
  const database = await openPostgresql(url);
  try {
    const rows = await database.query<{ table: string; column: string; is: string }>(
      {
        name: 'columns',
        text: `select table_name as table, column_name as column,
            case data_type when 'ARRAY' then 'text[]' else data_type end
            || case is_nullable when 'YES' then ' null' else '' end
            || case when column_default is not null or is_identity = 'YES' then ' default' else '' end as is
          from information_schema.columns where table_schema = 'public' and table_name not in ('schema_migrations', 'rate_limits')`,
      },
      [],
    );
    const found = rows.map(({ table, column, is }) => `${table}.${column} ${is}`).sort();
    const expected = Object.entries(described).flatMap(([table, columns]) =>
      Object.entries(columns).map(([column, is]) => `${snakeCase(table)}.${snakeCase(column)} ${is}`),
    );
    expect(found).toEqual(expected.sort());
  } finally {
    await database.close();
    await drop();
  }
});
