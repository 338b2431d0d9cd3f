import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { useStage } from '../support/stage.ts';

const stage = useStage();
const transactions = async () => {
  const query = sql<{ id: string }>`select pg_current_xact_id()::text as id`;
  const { rows } = await query.execute(stage.installation.services.database.db);
  return Number(rows[0]?.id);
};

test('a sign-out with hundreds of session cookies changes nothing in the database, and answers little', async () => {
  const names = Array.from({ length: 800 }, (_, place) => `__Host-session-b${place}`);
  const id = 'x'.repeat(43);
  const before = await transactions();
  for (const value of ['', id]) {
    const answer = await stage.installation.server.inject({
      method: 'POST',
      url: '/logout',
      headers: {
        cookie: names.map((name) => `${name}=${value}`).join('; '),
        'content-type': 'application/x-www-form-urlencoded',
      },
      payload: '',
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.cookies.length).toBeLessThanOrEqual(50);
  }
  // The questions themselves have one each, and so may a sign-out.
  expect((await transactions()) - before).toBeLessThanOrEqual(3);
});
