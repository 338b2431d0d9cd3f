import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../errors/idp-error.ts';
import { syncFolder, writePrivateFile } from '../../files/private-files.ts';
import { type DataFolder, dataFolderPath, openDataFolder, passwordFilePath } from './data-folder.ts';
import { makeTemporaryFolder } from './leftovers.ts';
import { findProgramsOnce, type Programs } from './programs.ts';
import { type Place, runProgram } from './run-program.ts';
import { scramVerifier } from './scram.ts';
import { copySeized, folderItself, giveTo, removeSeized } from './seized-folder.ts';
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

async function step(file: string, args: readonly string[], place: Place, input?: string): Promise<void> {
  const { ok, output } = await runProgram(file, args, place, input);
  if (ok) return;
  const last = output.split('\n').slice(-5).join('\n');
  throw new InputError(
    `The embedded database can't be created (${file} failed): ${last}\nFix the cause, or set DATABASE_URL to use a PostgreSQL server.`,
  );
}

/** Creates the database's files as `maker`, who gets to know the password's verifier only. */
async function initialize(programs: Programs, folder: DataFolder, maker: ServerUser, verifier: string): Promise<void> {
  const place: Place = { cwd: folder.anchor, ...maker };
  const data = dataDirectoryArgument(folder);
  await step(programs.initdb, [...INITDB, ...data], place);
  // One statement per line; fsync comes at the end, for all files at once. We use the database that initdb makes: a
  // second one would take another 7 MB and 300 files.
  const sql = [
    `create role ${ROLE} login password '${verifier}'`,
    `alter database postgres rename to ${ROLE}`,
    `alter database ${ROLE} owner to ${ROLE}`,
  ];
  await step(programs.postgres, ['--single', ...data, '-c', 'fsync=off', 'template1'], place, `${sql.join('\n')}\n`);
}

/**
 * Root can't run `initdb` as the server's user, who has no name, and runs it as `nobody` instead, in a folder of its own.
 * Other processes of `nobody` may have that folder's files open, so the data folder gets copies.
 */
async function initializeAsNobody(
  programs: Programs,
  dataDir: string,
  { folder, user, verifier }: { folder: DataFolder; user: ServerUser; verifier: string },
): Promise<void> {
  const nobody = initdbUser();
  const theirs = makeTemporaryFolder(dataDir);
  try {
    giveTo(nobody, folderItself(theirs));
    await initialize(programs, theirs, nobody, verifier);
    copySeized(theirs, folder, nobody, user);
  } finally {
    discard(theirs);
  }
}

/** Writes the files that only this process and the server may read, while only this process can enter the folder. */
function writeSecrets(folder: DataFolder, password: string, owner: ServerUser): void {
  const rules = join(folder.anchor, 'pg_hba.conf');
  rmSync(rules);
  const files = [
    [passwordFilePath(folder), `*:*:${ROLE}:${ROLE}:${password}\n`],
    [rules, accessRules],
  ] as const;
  for (const [path, content] of files) {
    writePrivateFile(path, content);
    giveTo(owner, path);
  }
}

/** Removes a temporary folder; if that fails, a later process removes it. */
function discard(folder: DataFolder): void {
  try {
    removeSeized(folder);
  } catch {
    // A program that failed may have left a process that is still writing.
  } finally {
    folder.close();
  }
}

/** @returns whether it was renamed: false if another process was faster */
function renameUnlessMade(path: string, target: string): boolean {
  try {
    renameSync(path, target);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // The other folder exists and is not empty. (Windows reports EPERM.)
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'EPERM') throw error;
    return false;
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
  const folder = makeTemporaryFolder(dataDir);
  let renamed = false;
  try {
    const password = randomBytes(24).toString('hex');
    const verifier = scramVerifier(password);
    if (user.uid === undefined) await initialize(programs, folder, user, verifier);
    else await initializeAsNobody(programs, dataDir, { folder, user, verifier });
    writeSecrets(folder, password, user);
    giveTo(user, folderItself(folder));
    await step(programs.initdb, ['--sync-only', ...dataDirectoryArgument(folder)], { cwd: folder.anchor, ...user });
    renamed = renameUnlessMade(folder.path, dataFolderPath(dataDir));
    syncFolder(dataDir);
  } finally {
    if (renamed) folder.close();
    else discard(folder);
  }
  const made = openDataFolder(dataDir);
  if (made === undefined)
    throw new InputError(`The database folder in ${dataDir} was removed while it was being created.`);
  return made;
}
