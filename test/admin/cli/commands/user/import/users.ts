import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { createTestStorage } from '../../../../../support/postgres/storage.ts';
import { type Outcome, runCli, startProgram } from '../../../../../support/programs/cli.ts';

export const HEADING = 'external-id,email,account,role';

/** A line for each of some users, with two accounts each. */
export const linesOf = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    ['A', 'B'].map((letter) => `u-${n},user-${n}@example.com,${n}${letter},owner`),
  ).flat();

/** An installation with the biller riverton, and imports into it by the real command. */
export async function createImports() {
  const storage = await createTestStorage();
  await (await storage.open()).close();
  const around = { folder: storage.folder, env: storage.environment };
  const client = new pg.Client({ connectionString: storage.environment.DATABASE_URL });
  await client.connect();
  const guid = crypto.randomUUID();
  const provider = ['--entity-id', 'https://sp.example', '--acs', 'https://sp.example/acs'];
  const added = await runCli(
    ['biller', 'add', 'riverton', '--name', 'Riverton', '--guid', guid, '--key-type', 'EC-P256', ...provider],
    around,
  );
  if (added.code !== 0) throw new Error(added.stderr);
  const file = join(storage.folder, 'users.csv');
  const args = ['user', 'import', 'riverton', file];
  return {
    client,
    file,
    write: (...lines: string[]) => writeFileSync(file, `${[HEADING, ...lines].join('\n')}\n`),
    writeBytes: (bytes: string | Uint8Array) => writeFileSync(file, bytes),
    run: (...more: string[]): Promise<Outcome> => runCli([...args, ...more], around),
    pipe: (text: string, ...more: string[]): Promise<Outcome> =>
      runCli(['user', 'import', 'riverton', '-', ...more], around, text),
    start: (...more: string[]) => startProgram('src/admin/cli/ic-idp.js', [...args, ...more], around),
    command: (...words: string[]): Promise<Outcome> => runCli(words, around),
    /** Everybody, with their accounts in order, and what may not be: changes without an event, and rows that are left. */
    async stored() {
      const { rows } = await client.query(`select u.source, u.external_id as id, u.email,
          array(select number || ':' || role from accounts where user_id = u.id order by position) accounts
        from portal_users u order by u.external_id collate "C"`);
      return rows as { source: string; id: string; email: string; accounts: string[] }[];
    },
    async counts() {
      const { rows } = await client.query(`select (select count(*)::int from portal_users) users,
        (select count(*)::int from accounts) accounts,
        (select count(*)::int from audit_events where event = 'user.added') added,
        (select count(*)::int from audit_events where event = 'user.updated') updated,
        (select count(*)::int from audit_events where event = 'user.removed') removed,
        (select count(*)::int from portal_users u where not exists
          (select from audit_events where event = 'user.added' and user_id = u.id)) unaudited,
        (select count(*)::int from user_import_rows) + (select count(*)::int from user_imports) "left"`);
      return rows[0] as Record<string, number>;
    },
    async clear() {
      await client.query('delete from portal_users; truncate audit_events');
    },
    async remove() {
      await client.end();
      await storage.remove();
    },
  };
}
export type Imports = Awaited<ReturnType<typeof createImports>>;
