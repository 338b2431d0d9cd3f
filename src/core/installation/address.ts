import type { Db, Transaction } from '../../platform/database/database.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import { isLoopback } from '../../platform/util/web-url.ts';
import { hasBillers } from '../billers/store.ts';
import { readOrNoteFact, writeFact } from '../secrets/store.ts';

/** The origin that every URL of this installation begins with, and every Entity ID did when its biller was added. */
const ADDRESS = 'public address';

const isLocal = (origin: string) => isLoopback(new URL(origin).hostname);

/** Who opens the installation. Commands for a trial on this machine often run without the service's PORT. */
export type Opener = 'service' | 'command';

/**
 * Compares PUBLIC_URL with the address that is kept with the installation, and keeps it if there is none.
 *
 * Another address would change every URL that Service Providers were given, at once and without a word. Only an
 * installation that can be reached from this machine alone, or has no biller yet, takes it on.
 *
 * @returns the address to use
 * @throws InputError if it is another one
 */
export async function settleAddress(db: Db, publicUrl: string, opener: Opener): Promise<string> {
  const known = await readOrNoteFact(db, ADDRESS, () => publicUrl);
  if (known === publicUrl) return known;
  // Without PUBLIC_URL in its environment, a command has only the default.
  if (opener === 'command' && isLocal(publicUrl)) return known;
  if ((isLocal(known) && isLocal(publicUrl)) || !(await hasBillers(db))) {
    await writeFact(db, ADDRESS, publicUrl);
    return publicUrl;
  }
  throw new InputError(
    `The public address of this installation is ${known}, and PUBLIC_URL is ${publicUrl}. All URLs that Invoice Cloud and the portals were given would change, for all billers at once. Set PUBLIC_URL=${known}. If the installation has moved, run \`ic-idp installation move ${publicUrl}\` first: it says what that means.`,
  );
}

/** Changes the address. Takes effect where the service is started again with it. */
export async function writeAddress(transaction: Transaction, publicUrl: string): Promise<void> {
  await writeFact(transaction, ADDRESS, publicUrl);
}
