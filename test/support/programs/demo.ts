import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ofCheckout, plainEnvironment, workingFolder } from './cli.ts';

/** The one line of `npm run demo -- --json`. */
export interface DemoFacts {
  readonly idp: string;
  readonly sandbox: string;
  /** The address of the portal kit. */
  readonly portal: string;
  readonly biller: string;
  readonly billerGuid: string;
  readonly redirectLink: string;
  readonly portalUsers: readonly { readonly id: string; readonly email: string; readonly password: string }[];
  readonly user: {
    readonly email: string;
    readonly password: string;
    readonly accounts: readonly { readonly number: string; readonly role: string }[];
  };
}

/** A demo that is ready. */
export interface Demo {
  readonly facts: DemoFacts;
  /** Everything on standard output so far, npm's own banner included. */
  output(): string;
  /** What Ctrl-C in a terminal does: SIGINT to the whole process group. Resolves when npm has ended. */
  interrupt(): Promise<void>;
  /** Says whether any process of the group is left. */
  isAlive(): boolean;
  /** Kills what is left of the group. */
  kill(): void;
}

/** Where a demo runs: its ports, and the folder that takes the place of a fresh clone. */
export interface DemoPlace {
  readonly folder: string;
  readonly port: number;
  readonly sandboxPort: number;
  readonly portalPort: number;
}

/** A folder that npm takes for this checkout, with its own `data/` and `certs/`. */
export function demoFolder(): { folder: string; remove(): void } {
  const made = workingFolder();
  for (const name of ['package.json', 'src', 'demo', 'sandbox', 'node_modules'])
    symlinkSync(ofCheckout(name), join(made.folder, name));
  return made;
}

/** Reads until the line of JSON comes, and keeps reading. @throws Error if the program ends without one */
function readFacts(child: ChildProcess, seen: { stdout: string; stderr: string }): Promise<DemoFacts> {
  return new Promise((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      seen.stderr += chunk;
    });
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      seen.stdout += chunk;
      const line = /^\{.*\}$/m.exec(seen.stdout)?.[0];
      if (line !== undefined) resolve(JSON.parse(line) as DemoFacts);
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`The demo ended before it was ready.\n${seen.stdout}${seen.stderr}`)));
  });
}

/**
 * Runs `npm run demo -- --json` as a person would, in its own process group.
 * @throws Error with what it printed, if it does not become ready
 */
export async function startDemo({ folder, port, sandboxPort, portalPort }: DemoPlace): Promise<Demo> {
  const child = spawn('npm', ['run', 'demo', '--', '--json'], {
    cwd: folder,
    env: plainEnvironment({
      PORT: String(port),
      SANDBOX_PORT: String(sandboxPort),
      PORTAL_PORT: String(portalPort),
    }),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const exited = once(child, 'exit');
  const signalGroup = (signal: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(-(child.pid as number), signal);
    } catch {
      return false;
    }
  };
  const kill = () => void signalGroup('SIGKILL');
  // The group would outlive a test run that is interrupted.
  process.once('exit', kill);
  const seen = { stdout: '', stderr: '' };
  try {
    const facts = await readFacts(child, seen);
    return {
      facts,
      output: () => seen.stdout,
      async interrupt() {
        signalGroup('SIGINT');
        await exited;
      },
      isAlive: () => signalGroup(0),
      kill,
    };
  } catch (error) {
    kill();
    throw error;
  }
}
