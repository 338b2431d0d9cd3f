import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Settings } from './config.ts';
import { MASTER_KEY_FILE } from './core/secrets/master-key-source.ts';
import { InputError } from './platform/errors/idp-error.ts';
import { findExposure } from './platform/files/exposure.ts';

/** What is wrong with a file of the installation on this machine, and the command that ends it. */
export interface FileProblem {
  readonly subject: string;
  readonly finding: string;
  readonly remedy: string;
  /** The service does not start with it. */
  readonly serious: boolean;
}

/** Stands for the project's files, which are installed together. */
const PROGRAM = fileURLToPath(import.meta.url);
const READABLE_BY_EVERYONE = 0o004;
const READABLE_BY_GROUP = 0o040;
const WITH_SECRETS = /^\s*(export\s+)?(MASTER_KEY|PKCS11_PIN|DATABASE_URL)\s*=/m;

const modeOf = (path: string) =>
  process.getuid === undefined ? undefined : statSync(path, { throwIfNoEntry: false })?.mode;
const inOctal = (mode: number) => (mode & 0o777).toString(8).padStart(4, '0');

/** The files of secrets that settings lead to. */
function secretFiles({ MASTER_KEY, PKCS11_PIN, databaseUrlFile }: Settings): { subject: string; path: string }[] {
  const given = Object.entries({ MASTER_KEY, PKCS11_PIN }).flatMap(([subject, setting]) =>
    setting?.startsWith('file:') ? [{ subject, path: setting.slice('file:'.length) }] : [],
  );
  if (databaseUrlFile !== undefined) given.push({ subject: 'DATABASE_URL', path: databaseUrlFile });
  return MASTER_KEY === undefined ? [{ subject: MASTER_KEY_FILE, path: MASTER_KEY_FILE }, ...given] : given;
}

function exposed(subject: string, path: string, serious: boolean): FileProblem[] {
  const found = findExposure(path);
  if (found === undefined) return [];
  return [{ subject, finding: `${found.path} ${found.sentence}`, remedy: found.remedy, serious }];
}

function readable(subject: string, path: string, bits: number, serious: boolean): FileProblem[] {
  const mode = modeOf(path);
  if (mode === undefined || (mode & bits) === 0) return [];
  const shown = resolve(path);
  const rotate =
    subject === 'MASTER_KEY' || subject === MASTER_KEY_FILE ? ' If others have read it, rotate it then.' : '';
  return [
    {
      subject,
      finding: `${shown} is open to other users (mode ${inOctal(mode)})`,
      remedy: `Run: chmod 600 ${shown}${rotate}`,
      serious,
    },
  ];
}

function settingsFile(): FileProblem[] {
  try {
    if (!WITH_SECRETS.test(readFileSync('.env', 'utf8'))) return [];
  } catch {
    // There is none.
    return [];
  }
  return readable('.env', '.env', READABLE_BY_EVERYONE, false);
}

/** @returns what is wrong with the modes and owners of the installation's files on this machine */
export function localFileProblems(settings: Settings): FileProblem[] {
  const problems = secretFiles(settings).flatMap(({ subject, path }) => {
    const own = subject === MASTER_KEY_FILE;
    // Container runtimes mount secrets readable by everyone; nobody else is in the container.
    const open = readable(subject, path, READABLE_BY_EVERYONE, own);
    if (open.length > 0) return open;
    return [...exposed(subject, path, own), ...readable(subject, path, own ? READABLE_BY_GROUP : 0, false)];
  });
  // Code that this process runs.
  if (settings.PKCS11_LIBRARY !== undefined) problems.push(...exposed('PKCS11_LIBRARY', settings.PKCS11_LIBRARY, true));
  problems.push(...exposed('program', PROGRAM, false));
  if (settings.DATABASE_URL === undefined) problems.push(...exposed('DATA_DIR', settings.DATA_DIR, false));
  return [...problems, ...settingsFile()];
}

/** @throws InputError if others may have read or changed the master key, or can change the HSM's library */
export function refuseOpenFiles(settings: Settings): void {
  const problem = localFileProblems(settings).find(({ serious }) => serious);
  if (problem !== undefined) throw new InputError(`${problem.finding}. ${problem.remedy}`);
}
