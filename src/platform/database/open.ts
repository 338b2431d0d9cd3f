import { InputError } from '../errors/idp-error.ts';
import type { ControlSocket } from './control-socket.ts';
import { type Database, isDatabaseGone } from './database.ts';
import { openPostgresql } from './postgresql.ts';

/** A database that is open; an embedded one with the control socket that guards it. */
export interface OpenDatabase {
  readonly database: Database;
  readonly controlSocket: ControlSocket | undefined;
}

interface DatabaseSettings {
  /** postgres://... ; without it the embedded database in DATA_DIR is opened. */
  readonly DATABASE_URL?: string | undefined;
  readonly DATA_DIR: string;
}

/**
 * Opens the database that the settings name.
 *
 * @returns undefined where it is the embedded one and a running service has it
 * @throws InputError where it can't be had
 */
export async function openDatabase(settings: DatabaseSettings): Promise<OpenDatabase | undefined> {
  if (settings.DATABASE_URL !== undefined) {
    try {
      return { database: await openPostgresql(settings.DATABASE_URL), controlSocket: undefined };
    } catch (error) {
      const { host, pathname } = new URL(settings.DATABASE_URL);
      const reason = isDatabaseGone(error) ? 'it can’t be reached' : (error as Error).message;
      throw new InputError(`The database ${pathname.slice(1)} at ${host} (DATABASE_URL) can't be opened: ${reason}.`, {
        cause: error,
      });
    }
  }
  // A service on PostgreSQL does without PGlite in its memory.
  const { takeControlSocket } = await import('./control-socket.ts');
  const { openEmbedded } = await import('./embedded.ts');
  const controlSocket = await takeControlSocket(settings.DATA_DIR);
  if (controlSocket === undefined) return undefined;
  try {
    return { database: await openEmbedded(settings.DATA_DIR), controlSocket };
  } catch (error) {
    await controlSocket.release();
    throw new InputError(`The embedded database in ${settings.DATA_DIR} can't be opened: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
