import { readFileSync, statSync } from 'node:fs';

/** `spawn` options to run a program as another user; empty if it runs as this process's user. */
export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

// PostgreSQL refuses to run as root. 60578 to 60705 is the range that systemd's table of user IDs leaves unused. It is
// below 65536, so it also exists inside containers with a user namespace.
const FIRST_FREE_UID = 60_578;
const LAST_FREE_UID = 60_705;
const NOBODY_UID = 65_534;

const isRoot = () => process.getuid?.() === 0;

function passwdEntries(): readonly string[][] {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}

function isReserved(uid: number): boolean {
  const taken = passwdEntries().some((entry) => Number(entry[2]) === uid);
  return uid >= FIRST_FREE_UID && uid <= LAST_FREE_UID && !taken;
}

/**
 * The user that a new server runs as. For root that is the owner of DATA_DIR or, if root owns it, an unnamed user ID:
 * no user has to be created, and unlike with `nobody`, no other program runs under it.
 *
 * @throws Error if DATA_DIR does not exist
 */
export function chooseServerUser(dataDir: string): ServerUser {
  if (!isRoot()) return {};
  const { uid, gid } = statSync(dataDir);
  if (uid !== 0) return { uid, gid };
  let free = FIRST_FREE_UID;
  while (!isReserved(free) && free < LAST_FREE_UID) free += 1;
  return { uid: free, gid: free };
}

/** The user that `initdb` runs as: initdb, unlike the server, needs a user ID with a name. */
export function initdbUser(): ServerUser {
  if (!isRoot()) return {};
  const nobody = passwdEntries().find(([name]) => name === 'nobody');
  return nobody === undefined
    ? { uid: NOBODY_UID, gid: NOBODY_UID }
    : { uid: Number(nobody[2]), gid: Number(nobody[3]) };
}

/**
 * Whether a data folder with this owner may be ours. For root, not every owner is accepted: in a DATA_DIR that others
 * can write to, a local user could substitute their own server.
 */
export function mayOwnDataFolder(uid: number, dataDir: string): boolean {
  const self = process.getuid?.();
  if (self === undefined) return true;
  if (self !== 0) return uid === self;
  return uid !== 0 && (isReserved(uid) || uid === statSync(dataDir).uid);
}
