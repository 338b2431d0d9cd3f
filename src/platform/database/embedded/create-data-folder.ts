import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../errors/idp-error.ts';
import { type DataFolder, dataFolderPath, openDataFolder, openFolder, passwordFilePath } from './data-folder.ts';
import { findProgramsOnce, type Programs } from './programs.ts';
import { type Place, runProgram } from './run-program.ts';
import { dataDirectoryArgument } from './server.ts';
import { chooseServerUser, initdbUser, type ServerUser } from './server-user.ts';

/** The name of both the service's role and its database, following PostgreSQL's own defaults. */
export const ROLE = 'ic_idp';

// The bootstrap superuser can't log in at all, so no connection ever has its rights.
const PG_HBA = `# Only the service's own role may connect, with the password in the file pgpass next to this one.\n`;
const accessRules =
  process.platform === 'win32'
    ? `${PG_HBA}host ${ROLE} ${ROLE} 127.0.0.1/32 scram-sha-256\n`
    : `${PG_HBA}local ${ROLE} ${ROLE} scram-sha-256\n`;

// builtin C.UTF-8 sorts by code point, identically on every machine: no C library upgrade breaks an index.
const INITDB = [
  '--username=postgres',
  '--auth=reject',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--data-checksums',
  '--wal-segsize=4',
  '--no-instructions',
  '--no-sync',
];

const PREFIX = 'postgresql.new-';
const LEFTOVER = /^postgresql\.new-(\d+)-/;

async function step(file: string, args: readonly string[], place: Place, input?: string): Promise<void> {
  const { ok, output } = await runProgram(file, args, place, input);
  if (ok) return;
  const last = output.split('\n').slice(-5).join('\n');
  throw new InputError(
    `The embedded database can't be created (${file} failed): ${last}\nFix the cause, or set DATABASE_URL to use a PostgreSQL server.`,
  );
}

async function initialize(programs: Programs, folder: DataFolder, user: ServerUser): Promise<void> {
  const place: Place = { cwd: folder.anchor, ...user };
  const data = dataDirectoryArgument(folder);
  await step(programs.initdb, [...INITDB, ...data], place);
  // One statement per line; fsync comes at the end, for all files at once. We use the database that initdb makes: a
  // second one would take another 7 MB and 300 files.
  const password = randomBytes(24).toString('hex');
  const sql = [
    `create role ${ROLE} login password '${password}'`,
    `alter database postgres rename to ${ROLE}`,
    `alter database ${ROLE} owner to ${ROLE}`,
  ];
  await step(programs.postgres, ['--single', ...data, '-c', 'fsync=off', 'template1'], place, `${sql.join('\n')}\n`);
  writeFileSync(passwordFilePath(folder), `*:*:${ROLE}:${ROLE}:${password}\n`, { mode: 0o600, flag: 'wx' });
  const rules = join(folder.anchor, 'pg_hba.conf');
  rmSync(rules);
  writeFileSync(rules, accessRules, { mode: 0o600, flag: 'wx' });
}

/** Through the descriptor (`/.`), because the path may have been replaced in the meantime. */
function chownFolder({ anchor }: DataFolder, { uid, gid }: ServerUser): void {
  if (uid !== undefined && gid !== undefined) lchownSync(`${anchor}/.`, uid, gid);
}

/** Gives what `initdb` created as `nobody`, and what root wrote, to the server's user. */
function giveTo({ uid, gid }: ServerUser, folder: DataFolder): void {
  if (uid === undefined || gid === undefined) return;
  for (const name of readdirSync(folder.anchor, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder.anchor, name);
    const stats = lstatSync(path);
    // initdb makes no hard links. One could only be planted to trick root into giving away some other file.
    if (stats.isFile() && stats.nlink > 1) throw new Error(`${join(folder.path, name)} has a second hard link.`);
    lchownSync(path, uid, gid);
  }
}

function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

/** Removes what processes killed while creating a data folder have left in DATA_DIR. */
export function removeLeftovers(dataDir: string): void {
  for (const name of readdirSync(dataDir)) {
    const pid = Number(LEFTOVER.exec(name)?.[1]);
    if (Number.isNaN(pid) || isAlive(pid)) continue;
    try {
      rmSync(join(dataDir, name), { recursive: true, force: true });
    } catch {
      // Its initdb has not noticed yet and is still writing, or it belongs to another user. The next start tries again.
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Creates PostgreSQL's data folder in DATA_DIR, which must exist: in a temporary folder, flushed to disk and then
 * renamed, so that it is either complete or absent. If several processes do this at once, the first one to finish wins.
 *
 * @throws InputError if it can't be created
 */
export async function createDataFolder(dataDir: string): Promise<DataFolder> {
  const user = chooseServerUser(dataDir);
  const programs = await findProgramsOnce(user);
  const path = mkdtempSync(join(dataDir, `${PREFIX}${process.pid}-`));
  const folder = openFolder(path, dataDir, () => undefined);
  try {
    const maker = initdbUser();
    chownFolder(folder, maker);
    await initialize(programs, folder, maker);
    giveTo(user, folder);
    chownFolder(folder, user);
    await step(programs.initdb, ['--sync-only', ...dataDirectoryArgument(folder)], { cwd: folder.anchor, ...user });
    try {
      renameSync(path, dataFolderPath(dataDir));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Another process was faster: its folder exists and is not empty. (Windows reports EPERM.)
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error;
    }
    syncFolder(dataDir);
  } finally {
    folder.close();
    rmSync(path, { recursive: true, force: true });
  }
  const made = openDataFolder(dataDir);
  if (made === undefined)
    throw new InputError(`The database folder in ${dataDir} was removed while it was being created.`);
  return made;
}
