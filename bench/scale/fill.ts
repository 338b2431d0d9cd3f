import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Services } from '../../src/app.ts';
import { findBiller, insertBiller } from '../../src/core/billers/store.ts';
import { type NewSigningKey, publishedKeys } from '../../src/core/keys/store.ts';
import { sealContext } from '../../src/core/secrets/seal-context.ts';
import { addBiller, type BenchInstallation, type SignedIn, sessionCookie, withServices } from '../installation.ts';
import { progress } from '../part.ts';

/** How much is in a database. */
export interface Size {
  readonly billers: number;
  readonly users: number;
  readonly auditEvents: number;
}

/** One user in so many is signed in. */
const USERS_PER_SESSION = 10;
/** Users who sign on in the bench, of as many billers as there are, up to this. */
const SIGNING_ON = 1_000;
const CHUNK = 500;

/**
 * Adds billers to an empty installation. Each has the first one's key pair, sealed for itself, because making 10,000 key
 * pairs takes hours.
 */
export async function multiplyBillers(services: Services, count: number): Promise<void> {
  const { db } = services.database;
  const first = await addBiller(services, 'biller-0', 'assertion');
  const template = await findBiller(db, 'biller-0');
  const [key] = await publishedKeys(db, first.id);
  if (template === undefined || key?.sealedPrivateKey == null) throw new Error('The first biller has no key.');
  const der = services.masterKey.unseal(key.sealedPrivateKey, sealContext(first.id, key.id));
  for (let start = 1; start < count; start += CHUNK) {
    await services.database.transaction(async (transaction) => {
      const keys: NewSigningKey[] = [];
      for (let number = start; number < Math.min(start + CHUNK, count); number += 1) {
        const [id, keyId] = [randomUUID(), randomUUID()];
        await insertBiller(transaction, { ...template, id, slug: `biller-${number}`, billerGuid: randomUUID() });
        const sealedPrivateKey = services.masterKey.seal(der, sealContext(id, keyId));
        keys.push({ ...key, id: keyId, billerId: id, sealedPrivateKey });
      }
      await transaction.insertInto('signingKeys').values(keys).execute();
    });
  }
}

/** Rows that only the database makes: users, their accounts, sessions and waiting requests of other people. */
const people = ({ users }: Size): string[] => [
  `create temp table numbered_billers as select id, row_number() over (order by slug) - 1 as n from billers`,
  `insert into portal_users (biller_id, email, email_key, password_hash)
    select b.id, 'user-' || g || '@example.com', 'user-' || g || '@example.com', '$argon2id$none'
    from generate_series(1, ${users}) g
    join numbered_billers b on b.n = g % (select count(*) from billers)`,
  `insert into accounts (user_id, number, role, position)
    select id, (100 + position) || 'Invoice', 'owner', position from portal_users, generate_series(0, 1) position
    where position = 0 or get_byte(uuid_send(id), 15) % 10 = 0`,
  `insert into sessions (id_hash, biller_id, user_id, session_index, authenticated_at, last_seen_at, expires_at)
    select sha256(uuid_send(gen_random_uuid())), biller_id, id, '_' || md5(id::text), now(), now(), now() + interval '8 hours'
    from portal_users where get_byte(uuid_send(id), 15) % ${USERS_PER_SESSION} = 0`,
  `insert into sign_on_flows (id, secret_hash, biller_id, request, expires_at)
    select left(md5(id::text), 16), sha256(uuid_send(id)), biller_id, '{"acsUrl": "https://sp.example/acs"}', now() + interval '15 minutes'
    from portal_users where get_byte(uuid_send(id), 14) < 3`,
];

/**
 * Audit events of a year, in the order of time. The indexes are made afterwards, and the table is emptied in the same
 * transaction, which spares the write-ahead log: otherwise this takes an hour and twice the room.
 */
async function fillAudit(client: pg.Client, count: number): Promise<void> {
  const { rows } = await client.query<{ indexname: string; indexdef: string }>(
    `select indexname, indexdef from pg_indexes where tablename = 'audit_events' and indexname <> 'audit_events_pkey'`,
  );
  await client.query(`set maintenance_work_mem = '512MB'`);
  await client.query(
    'create temp table numbered_users as select id, biller_id, email_key, row_number() over () - 1 as n from portal_users',
  );
  await client.query('begin');
  await client.query('truncate audit_events');
  for (const { indexname } of rows) await client.query(`drop index ${indexname}`);
  await client.query(`
    insert into audit_events
      (at, event, reference, biller_id, user_id, email_hash, request_id, assertion_id, key_fingerprint, details)
    select now() - (${count} - g) * interval '1 year' / ${count},
      case when g = 1 then 'biller.removed' when g % 20 < 9 then 'assertion.issued'
        when g % 20 < 16 then 'sign_in.succeeded' when g % 20 < 19 then 'launch.started' else 'sign_on.refused' end,
      substr(md5('a' || g), 1, 7) || '-' || substr(md5('b' || g), 1, 7) || '-' || substr(md5('c' || g), 1, 7),
      u.biller_id, u.id, left(md5(u.email_key), 22),
      case when g % 20 < 9 then '_' || md5('r' || g) || '01234567' end,
      case when g % 20 < 9 then '_' || md5('s' || g) || '01234567' end,
      case when g % 20 < 9 then md5('k') || md5('l') end,
      '{"acs": "https://sso.invoicecloud.example/saml/acs", "signed": "assertion", "nameIdFormat": "emailAddress"}'
    from generate_series(1, ${count}) g
    join numbered_users u on u.n = (g * 7919::bigint) % (select count(*) from portal_users)
    order by g`);
  await client.query('commit');
  for (const { indexdef } of rows) await client.query(indexdef);
}

/** Who signs on in the bench: users spread over all there are. */
async function signInSome(services: Services, client: pg.Client): Promise<SignedIn[]> {
  const { rows } = await client.query<{ email: string; slug: string }>(
    `select u.email, b.slug from portal_users u join billers b on b.id = u.biller_id order by md5(u.id::text) limit $1`,
    [SIGNING_ON],
  );
  const signedIn: SignedIn[] = [];
  for (const { email, slug } of rows) {
    const biller = await services.billers.bySlug(slug);
    signedIn.push({ ssoUrl: biller.ssoUrl, cookie: await sessionCookie(services, biller, email) });
  }
  // Users with two accounts would be asked which one; these have one.
  await client.query('delete from accounts a using sessions s where s.user_id = a.user_id and a.position > 0');
  return signedIn;
}

/** Fills an installation's empty PostgreSQL database. @returns who signs on */
export async function fill(installation: BenchInstallation, size: Size): Promise<readonly SignedIn[]> {
  return withServices(installation, async (services) => {
    progress(`scale: ${size.billers} billers, ${size.users} users, ${size.auditEvents} audit events`);
    await multiplyBillers(services, size.billers);
    const client = new pg.Client({ connectionString: installation.environment.DATABASE_URL });
    await client.connect();
    try {
      for (const statement of people(size)) await client.query(statement);
      await fillAudit(client, size.auditEvents);
      const signedIn = await signInSome(services, client);
      await client.query('vacuum analyze');
      await client.query('checkpoint');
      return signedIn;
    } finally {
      await client.end();
    }
  });
}
