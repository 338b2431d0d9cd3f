import { pidOfServer } from '../../test/support/postgres/embedded-server.ts';
import { SLOW_AUDIT } from '../../test/support/postgres/slow-audit.ts';
import type { Stage } from './stage.ts';

/** Turns PostgreSQL read-only, as a failover to a standby does, or back. */
export async function turnReadOnly({ query }: Stage, on: boolean): Promise<void> {
  // Sent as one string these would be one transaction, in which a setting of the server can't be changed.
  await query(`alter system set default_transaction_read_only = ${on ? 'on' : 'off'}`);
  await query('select pg_reload_conf()');
}

/** Makes the audit as slow as on a slow disk, so that an assertion sent before its row is committed is noticed. */
export async function slowDownAudit({ query }: Stage): Promise<void> {
  for (const statement of SLOW_AUDIT) await query(statement);
}

/** The process of the database's server. @throws Error if it doesn't run */
export function serverOf({ postgres, folder }: Stage): number {
  const pid = postgres === undefined ? pidOfServer(`${folder}/data`) : postgres.pid();
  if (pid === undefined) throw new Error('The embedded database does not run.');
  return pid;
}
