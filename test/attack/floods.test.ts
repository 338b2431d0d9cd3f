import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { hashPassword, verifyPassword } from '../../src/core/portal-users/password.ts';
import { makeSigningKey } from '../support/saml/saml.ts';
import { EMAIL, useStage } from '../support/stage.ts';

test('a flood of passwords does not hold up signatures', async () => {
  const { signer } = await makeSigningKey('RSA-2048');
  const hash = await hashPassword('correct horse battery');
  let verified = 0;
  const passwords = Array.from({ length: 60 }, async () => {
    expect(await verifyPassword(hash, 'wrong')).toBe(false);
    verified += 1;
  });
  await signer.sign(Buffer.from('a sign-on that comes after all of them'));
  // With all four threads, the passwords would have come first.
  expect(verified).toBeLessThan(20);
  await Promise.all(passwords);
  expect(verified).toBe(60);
});

test('an unreadable hash gives its slot to the next in line', async () => {
  const broken = await Promise.allSettled(Array.from({ length: 8 }, () => verifyPassword('no hash', 'x')));
  expect(broken.every(({ status }) => status === 'rejected')).toBe(true);
  expect(await verifyPassword(await hashPassword('x'), 'x')).toBe(true);
});

describe('a flood', () => {
  const stage = useStage();

  test('no matter how many password guesses arrive at once, ten are checked', async () => {
    const guesses = Array.from({ length: 30 }, (_, guess) =>
      stage.stranger().post('/login/riverton', { email: EMAIL, password: `${guess}` }),
    );
    const statuses = (await Promise.all(guesses)).map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(20);
  });

  test('no matter how many attempts, sessions, traces and fetches it has left, the old ones are deleted', async () => {
    const { database, tidy } = stage.installation.services;
    const many = 'from generate_series(1, 12000) n';
    const long = "now() - interval '500 days'";
    await sql
      .raw(
        `insert into sign_in_attempts select 'flood-' || n, 1, 1 ${many};
        insert into sign_on_traces select 'flood-' || n, null, ${long}, '{}' ${many};
        insert into metadata_fetches (biller_id, at, address, client, status, certificates, monitor)
          select id, ${long}, '', '', 200, '{}', false from billers, generate_series(1, 12000) n;
        insert into sessions select decode(md5(n::text), 'hex'), biller_id, id, '', ${long}, ${long}, ${long}, '[]'
          from portal_users, generate_series(1, 12000) n`,
      )
      .execute(database.db);
    await tidy();
    for (const table of ['sign_in_attempts', 'sign_on_traces', 'metadata_fetches', 'sessions']) {
      const counted = { name: `count-${table}`, text: `select count(*)::int as count from ${table}` };
      const [row] = await database.query<{ count: number }>(counted, []);
      expect([table, (row?.count ?? 0) < 100]).toEqual([table, true]);
    }
  });

  test('no matter how many sign-ons a flood has started, expired ones are deleted and the others kept', async () => {
    const { database, tidy } = stage.installation.services;
    expect((await stage.bring(stage.stranger())).statusCode).toBe(303);
    await sql`insert into sign_on_flows (id, secret_hash, biller_id, request, expires_at)
      select 'flood-' || n, secret_hash, biller_id, request, now() - interval '1 second'
      from sign_on_flows, generate_series(1, 12000) n`.execute(database.db);
    const count = async () => {
      const counted = { name: 'count-flows', text: 'select count(*)::int as count from sign_on_flows' };
      return (await database.query<{ count: number }>(counted, []))[0]?.count;
    };
    expect(await count()).toBe(12_001);
    await tidy();
    expect(await count()).toBe(1);
    stage.pass(16 * 60_000);
    await tidy();
    expect(await count()).toBe(0);
  });
});
