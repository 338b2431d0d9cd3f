import { spawn } from 'node:child_process';
import type { ServerUser } from './server-user.ts';

/** How a program ended, with its complete output. */
export interface Ending {
  readonly ok: boolean;
  readonly output: string;
}

/** Where and as whom a program runs. */
export interface Place extends ServerUser {
  readonly cwd: string;
}

const NEEDED_ON_WINDOWS = ['SystemRoot', 'TEMP', 'TMP', 'USERPROFILE', 'APPDATA'];

/**
 * The environment of PostgreSQL's programs. Nothing is inherited from this process, whose environment may hold the
 * master key, and libpq settings for another database.
 */
export function programEnvironment(): Record<string, string> {
  const kept = ['PATH', ...(process.platform === 'win32' ? NEEDED_ON_WINDOWS : [])];
  const inherited = kept.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), LC_ALL: 'C', TZ: 'UTC' };
}

/** Runs a program to its end; never throws if it fails. @param input its standard input */
export function runProgram(file: string, args: readonly string[], place: Place, input = ''): Promise<Ending> {
  return new Promise((resolve) => {
    const fail = (error: unknown) => resolve({ ok: false, output: (error as Error).message });
    let output = '';
    try {
      const child = spawn(file, args, { ...place, env: programEnvironment(), stdio: 'pipe' });
      const collect = (chunk: string) => (output = `${output}${chunk}`.slice(-8_000));
      child.stdout.setEncoding('utf8').on('data', collect);
      child.stderr.setEncoding('utf8').on('data', collect);
      child.once('error', fail);
      child.once('close', (code) => resolve({ ok: code === 0, output: output.trim() }));
      // A program that ends early closes its input; its exit code tells why.
      child.stdin.on('error', () => undefined).end(input);
    } catch (error) {
      // `spawn` throws instead if it may not change the user (EPERM, EINVAL).
      fail(error);
    }
  });
}
