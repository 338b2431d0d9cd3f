import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { endServersBelow } from '../postgres/embedded-server.ts';

/** How a program ended, and what it printed. `code` is null if a signal ended it. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and how a program of this project runs. */
export interface Surroundings {
  /** Its working folder: `./data`, `./certs` and `.env` are looked for there. */
  readonly folder: string;
  /** Settings; nothing of the tests' own environment gets through but PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A new, empty folder to work in, outside of the checkout. `remove` takes it away with all that is in it, and
 * ends a database that a killed process left running there. */
export function workingFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'ic-idp-folder-'));
  return {
    folder,
    remove() {
      endServersBelow(folder);
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

/** @returns what the tests pass on of their own environment, and the given settings, which take precedence */
export function plainEnvironment(env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: process.env.HOME, ...env };
}

/** @returns the absolute path of a file of this checkout, e.g. `src/main.ts` */
export function ofCheckout(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}

/**
 * Starts a program of this checkout with the Node that runs the tests.
 * @param program its path in the checkout, e.g. `src/main.ts`
 * @returns the process, and `outcome`, which resolves when it has ended; `input` is its whole standard input
 */
export function startProgram(
  program: string,
  args: readonly string[],
  { folder, env }: Surroundings,
  input: string | Uint8Array = '',
) {
  const child = spawn(process.execPath, [ofCheckout(program), ...args], { cwd: folder, env: plainEnvironment(env) });
  // A program that does not read what is written to it may close the pipe first.
  child.stdin.on('error', () => undefined).end(input);
  const outcome = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [code]]): Outcome => ({ code, stdout, stderr }),
  );
  return { child, outcome };
}

/** Runs `ic-idp` to its end, as a separate process. @param input its standard input */
export async function runCli(
  args: readonly string[],
  surroundings: Surroundings,
  input: string | Uint8Array = '',
): Promise<Outcome> {
  return startProgram('src/admin/cli/ic-idp.js', args, surroundings, input).outcome;
}
