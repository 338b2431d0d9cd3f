import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { InputError } from '../../platform/errors/idp-error.ts';
import { decodeText, TextError } from '../../platform/util/decode-text.ts';

const COMMAND_TIMEOUT_MS = 15_000;

/** A secret, and a description of its source that may be shown. */
interface Secret {
  readonly text: string;
  readonly source: string;
}

/** Tells whether a setting says where its secret is, instead of containing it. */
export const isSecretSource = (setting: string) => /^(file|command):./.test(setting);

async function runCommand(name: string, command: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], { timeout: COMMAND_TIMEOUT_MS });
    return stdout;
  } catch (error) {
    const { code, killed } = error as { code?: unknown; killed?: boolean };
    const reason =
      killed === true ? `it did not finish within ${COMMAND_TIMEOUT_MS / 1000} s` : `its exit code was ${code}`;
    // Its output may be half a secret, and its error messages may quote one.
    throw new InputError(`The command of ${name} failed: ${reason}. Run it by hand to see why.`);
  }
}

/**
 * @param name of the setting, for error messages
 * @returns the content of a file of a secret @throws InputError if it can't be read, or is not text
 */
export function readSecretFile(name: string, path: string): string {
  try {
    return decodeText(readFileSync(path));
  } catch (error) {
    if (error instanceof TextError) throw new InputError(`The file of ${name}, ${path}, ${error.message}.`);
    throw new InputError(`The file of ${name}, ${path}, can't be read: ${(error as Error).message}.`);
  }
}

/**
 * Reads the secret of a setting: the value itself, `file:<path>`, or `command:<command line>`, which lets a vault's
 * client supply it.
 *
 * @param name of the setting, for error messages
 * @throws InputError
 */
export async function readSecret(name: string, setting: string): Promise<Secret> {
  if (setting.startsWith('file:')) {
    const path = setting.slice('file:'.length);
    return { text: readSecretFile(name, path), source: path };
  }
  if (setting.startsWith('command:')) {
    const text = await runCommand(name, setting.slice('command:'.length));
    return { text, source: `What the command of ${name} printed` };
  }
  return { text: setting, source: name };
}
