/**
 * Carries the embedded database of version 0.1.0, which PGlite wrote, over to the PostgreSQL that later versions run in
 * DATA_DIR: `npm run upgrade:pglite`. The old folder is only read, and renamed at the end.
 */

import { existsSync } from 'node:fs';
import { cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join, relative } from 'node:path';
import pg from 'pg';
import { readSettings } from '../../src/config.ts';
import { openEmbeddedServer } from '../../src/platform/database/embedded/embedded-server.ts';
import type { Send } from '../../src/platform/database/kysely.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { openPostgresql } from '../../src/platform/database/postgresql.ts';
import { InputError } from '../../src/platform/errors/idp-error.ts';
import { type Copied, copyRows, type Query } from './copy-rows.ts';

const CARRIED_OVER = 'pglite.carried-over';

/** Version 0.1.0 listens on this socket for as long as it uses its database. */
function isInUse(dataDir: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(relative(process.cwd(), join(dataDir, 'control.sock')));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function loadPGlite() {
  try {
    return (await import('@electric-sql/pglite')).PGlite;
  } catch {
    throw new InputError(
      'The package that reads the old database is not installed. Run: npm install --no-save @electric-sql/pglite@0.5, then try again.',
    );
  }
}

/** Opens a copy of the old database, brought up to today's tables. @param work gets its queries */
async function withOldDatabase<Result>(folder: string, work: (query: Query) => Promise<Result>): Promise<Result> {
  const PGlite = await loadPGlite();
  const copy = await mkdtemp(`${folder}.copy-`);
  try {
    await cp(folder, copy, { recursive: true });
    const client = await PGlite.create({ dataDir: copy });
    try {
      await migrate((apply) =>
        client.transaction((transaction) => {
          const send: Send = async (text, values) => {
            const result =
              values === undefined
                ? (await transaction.exec(text)).at(-1)
                : await transaction.query(text, values as unknown[]);
            return { rows: (result?.rows ?? []) as unknown[], rowCount: result?.affectedRows ?? 0 };
          };
          return apply(send);
        }),
      );
      return await work(async <Row>(sql: string, values?: unknown[]) => (await client.query<Row>(sql, values)).rows);
    } finally {
      await client.close();
    }
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function copyInto(url: string, from: Query): Promise<Copied[]> {
  // Applies the migrations.
  await (await openPostgresql(url, 'embedded')).close();
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query('begin');
    const copied = await copyRows(from, async <Row>(sql: string, values?: unknown[]) => {
      const { rows } = await client.query(sql, values);
      return rows as Row[];
    });
    await client.query('commit');
    return copied;
  } finally {
    // Without a commit, the end of the connection rolls everything back.
    await client.end();
  }
}

/**
 * Copies all rows in one transaction, compares both sides, and renames the old folder. It can be run again after it was
 * interrupted at any moment.
 *
 * @param dataDir DATA_DIR of the installation, with `pglite` in it
 * @returns the tables with the number of their rows
 * @throws InputError if there is nothing to carry over, or it is in use
 */
export async function carryOver(dataDir: string): Promise<Copied[]> {
  const folder = join(dataDir, 'pglite');
  if (!existsSync(folder)) {
    throw new InputError(`${folder} is not there: there is no database of version 0.1.0 to carry over.`);
  }
  if (await isInUse(dataDir)) throw new InputError(`The old service still uses ${dataDir}. Stop it, then try again.`);
  const copied = await withOldDatabase(folder, async (from) => {
    const server = await openEmbeddedServer(dataDir);
    try {
      return await copyInto(server.url, from);
    } finally {
      await server.release();
    }
  });
  await rename(folder, join(dataDir, CARRIED_OVER));
  return copied;
}

if (import.meta.main) {
  try {
    const { DATA_DIR, DATABASE_URL } = readSettings(process.env);
    if (DATABASE_URL !== undefined) {
      throw new InputError('DATABASE_URL is set: this service does not use the database in DATA_DIR. Unset it first.');
    }
    const copied = await carryOver(DATA_DIR);
    for (const { table, rows } of copied) console.log(`${table.padEnd(20)} ${rows}`);
    console.log(`Done. The old database is now ${join(DATA_DIR, CARRIED_OVER)}; remove it once the service runs.`);
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    process.exitCode = error instanceof InputError ? 2 : 1;
  }
}
