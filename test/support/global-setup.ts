import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres/postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** URL of a PostgreSQL server in which databases may be created; see `createTestDatabase`. */
    postgresUrl: string;
    /** A folder for what is created once and shared; see `layEmbeddedDatabase`. */
    templates: string;
  }
}

/**
 * Gives the tests a real PostgreSQL: the server of TEST_DATABASE_URL if that is set, else a new one.
 * @returns what ends it again; Vitest calls it also when tests failed
 * @throws Error when the server does not start, or TEST_DATABASE_URL names one that does not serve
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stopPostgres = await providePostgres(project);
  const templates = mkdtempSync(join(tmpdir(), 'ic-idp-templates-'));
  project.provide('templates', templates);
  return async () => {
    rmSync(templates, { recursive: true, force: true });
    await stopPostgres?.();
  };
}

async function providePostgres(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) {
    await checkGiven(given);
    project.provide('postgresUrl', given);
    return undefined;
  }
  const server = await startPostgres();
  project.provide('postgresUrl', server.url);
  return server.stop;
}

async function checkGiven(url: string): Promise<void> {
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new Error('TEST_DATABASE_URL must look like postgres://user:password@host:5432/postgres.');
  }
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    const answer = await client.query(
      'select rolcreatedb or rolsuper as allowed from pg_roles where rolname = current_user',
    );
    if (answer.rows[0]?.allowed === true) return;
  } catch (error) {
    throw new Error('The server of TEST_DATABASE_URL cannot be used: see the cause. Start it, or unset the variable.', {
      cause: error,
    });
  } finally {
    await client.end().catch(() => undefined);
  }
  throw new Error('The user of TEST_DATABASE_URL may not create databases. Grant it: alter role ... createdb.');
}
