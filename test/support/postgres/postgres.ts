import { randomBytes } from 'node:crypto';
import pg from 'pg';

/**
 * Makes a fresh, empty database with a random name.
 * @param adminUrl where a database may be created: `inject('postgresUrl')` in a test
 * @returns its URL, and `drop`, which ends whatever is still connected and removes it; dropping twice does no harm
 * @throws Error when the server cannot be reached, or does not let the user create a database
 */
export async function createTestDatabase(adminUrl: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `ic_idp_test_${randomBytes(8).toString('hex')}`;
  await run(adminUrl, `create database ${name}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(adminUrl, `drop database if exists ${name} with (force)`) };
}

async function run(adminUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
