import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BenchInstallation } from './installation.ts';

/** The service as started in production. */
const SERVICE = new URL('../src/main.ts', import.meta.url);

const POLL_MS = 5;
const START_WITHIN_MS = 60_000;

/** A running service. */
export interface Service {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly origin: string;
  /** From the start of the process to the first 200 of /health/ready. */
  readonly readyAfterMs: number;
  /** How long the first request to /health/ready took, sent as soon as the port accepted it. */
  readonly firstAnswerMs: number;
  stop(): Promise<void>;
}

/** @returns undefined if nothing listens on the port */
async function askWhetherReady(origin: string): Promise<{ ready: boolean; milliseconds: number } | undefined> {
  const began = performance.now();
  try {
    const answer = await fetch(`${origin}/health/ready`, { headers: { connection: 'close' } });
    await answer.arrayBuffer();
    return { ready: answer.status === 200, milliseconds: performance.now() - began };
  } catch {
    return undefined;
  }
}

/**
 * Starts a service and waits until it is ready. Its log goes to a file, at the level that is the default.
 *
 * @param program src/main.ts, or what wraps it
 */
export async function startService(installation: BenchInstallation, program: URL = SERVICE): Promise<Service> {
  const { folder, port, environment } = installation;
  const log = openSync(join(folder, 'service.log'), 'a');
  const began = performance.now();
  const child = spawn(process.execPath, [fileURLToPath(program)], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', log, 'inherit', 'ipc'],
  });
  closeSync(log);
  const origin = `http://localhost:${port}`;
  let firstAnswerMs: number | undefined;
  while (true) {
    const answer = await askWhetherReady(origin);
    firstAnswerMs ??= answer?.milliseconds;
    if (answer?.ready) break;
    if (child.exitCode !== null) throw new Error(`The service ended with exit code ${child.exitCode}.`);
    if (performance.now() - began > START_WITHIN_MS) throw new Error('The service did not become ready.');
    await wait(POLL_MS);
  }
  return {
    child,
    pid: child.pid ?? 0,
    origin,
    readyAfterMs: performance.now() - began,
    firstAnswerMs: firstAnswerMs ?? Number.NaN,
    async stop() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
