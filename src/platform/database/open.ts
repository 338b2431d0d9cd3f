import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InputError } from '../errors/idp-error.ts';
import { type Database, isDatabaseGone } from './database.ts';
import { dataFolderPath } from './embedded/data-folder.ts';
import { holdsInstallation, openPostgresql } from './postgresql.ts';

/** Which database: the server at a URL, or else the embedded one in a folder. */
interface DatabaseSettings {
  readonly DATABASE_URL?: string | undefined;
  readonly DATA_DIR: string;
}

/** The server answered, and its message says more than that it is not available: a wrong password, no such database. */
const isRefusal = (error: unknown) => /^(25006|28...|3D000|53...)$/.test((error as NodeJS.ErrnoException).code ?? '');

/** Called with background errors. */
export type Report = (error: unknown) => void;

async function openGiven(url: string): Promise<Database> {
  try {
    return await openPostgresql(url);
  } catch (error) {
    const { host, pathname, searchParams } = new URL(url);
    // A URL of a Unix socket has its folder as a parameter.
    const server = searchParams.get('host') ?? host;
    const reason =
      isDatabaseGone(error) && !isRefusal(error)
        ? "the server can't be reached. Start it, or correct DATABASE_URL"
        : (error as Error).message;
    throw new InputError(`The database ${pathname.slice(1)} at ${server} (DATABASE_URL) can't be opened: ${reason}.`, {
      cause: error,
    });
  }
}

/**
 * Opens the embedded PostgreSQL in DATA_DIR. Closing the database also releases its server, which stops with its last
 * user.
 *
 * @throws InputError if it can't be opened
 */
export async function openEmbedded(dataDir: string, report?: Report): Promise<Database> {
  // Loaded on demand: most installations bring their own PostgreSQL.
  const { openEmbeddedServer } = await import('./embedded/embedded-server.ts');
  const server = await openEmbeddedServer(dataDir, report);
  try {
    const database = await openPostgresql(server.url, 'embedded');
    return {
      ...database,
      async close() {
        await database.close();
        await server.release();
      },
    };
  } catch (error) {
    await server.release();
    if (error instanceof InputError) throw error;
    throw new InputError(`The embedded database in ${dataDir} can't be opened: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}

/**
 * Looks whether there is an installation, without making one.
 *
 * @throws InputError that says where it was looked for
 */
export async function requireInstallation({ DATABASE_URL, DATA_DIR }: DatabaseSettings): Promise<void> {
  if (DATABASE_URL !== undefined) {
    if (await holdsInstallation(DATABASE_URL).catch(() => true)) return;
    const { host, pathname } = new URL(DATABASE_URL);
    throw new InputError(
      `The database ${pathname.slice(1)} at ${host} (DATABASE_URL) holds no installation. Start the service once, or correct DATABASE_URL.`,
    );
  }
  refuseOldForm(DATA_DIR);
  if (existsSync(dataFolderPath(DATA_DIR))) return;
  throw new InputError(
    `There is no installation in ${resolve(DATA_DIR)} (DATA_DIR). Run this in the folder of the service, with its settings; or start the service once, or add the first biller.`,
  );
}

/** Version 0.1.0 kept its embedded database in another format, which PostgreSQL can't read. */
function refuseOldForm(dataDir: string): void {
  if (!existsSync(join(dataDir, 'pglite'))) return;
  throw new InputError(
    `${join(dataDir, 'pglite')} holds the database of version 0.1.0. Migrate it: make a copy of ${dataDir}, then run npm run upgrade:pglite in the folder of the service, with the same settings.`,
  );
}

/**
 * Opens the database that the settings name.
 *
 * @param report called with each failed attempt to restart a lost embedded database
 * @throws InputError if it can't be opened
 */
export async function openDatabase({ DATABASE_URL, DATA_DIR }: DatabaseSettings, report?: Report): Promise<Database> {
  if (DATABASE_URL !== undefined) return openGiven(DATABASE_URL);
  refuseOldForm(DATA_DIR);
  return openEmbedded(DATA_DIR, report);
}
