import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { InputError } from '../../platform/errors/idp-error.ts';

const COMMAND_TIMEOUT_MS = 15_000;

/** A secret, and where it came from in words that may be shown. */
interface Secret {
  readonly text: string;
  readonly source: string;
}

/** Says whether a setting tells where its secret is instead of the secret itself. */
export const isSecretSource = (setting: string) => /^(file|command):./.test(setting);

async function runCommand(name: string, command: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], { timeout: COMMAND_TIMEOUT_MS });
    return stdout;
  } catch (error) {
    const { code, killed } = error as { code?: unknown; killed?: boolean };
    const reason = killed === true ? `it did not end within ${COMMAND_TIMEOUT_MS / 1000} s` : `it ended with ${code}`;
    // What it printed may be half a secret, and its words may quote one.
    throw new InputError(`The command of ${name} failed: ${reason}. Run it by hand to see why.`);
  }
}

function readFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InputError(`The file of ${name}, ${path}, can't be read: ${(error as Error).message}.`);
  }
}

/**
 * Reads the secret that a setting tells: itself, `file:<path>`, or `command:<command line>`, by which the client of a
 * vault can hand it in.
 *
 * @param name of the setting, for the error where it can't be read
 * @throws InputError
 */
export async function readSecret(name: string, setting: string): Promise<Secret> {
  if (setting.startsWith('file:')) {
    const path = setting.slice('file:'.length);
    return { text: readFile(name, path), source: path };
  }
  if (setting.startsWith('command:')) {
    const text = await runCommand(name, setting.slice('command:'.length));
    return { text, source: `What the command of ${name} printed` };
  }
  return { text: setting, source: name };
}
