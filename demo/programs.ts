import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const READY_WITHIN_MS = 120_000;
const ASK_EVERY_MS = 100;

/** The programs of the demo, running. */
export interface Programs {
  /** Starts one more. @param program path of its main file, from here */
  start(program: string): void;
  /** Resolves when every address answers. @throws if a program ends first, or after READY_WITHIN_MS */
  ready(urls: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

/** Starts the Identity Provider and the sandbox. Ctrl-C, or the end of one program, ends all. */
export function startPrograms(): Programs {
  let stopping = false;
  const children: ChildProcess[] = [];
  const start = (program: string): void => {
    const path = fileURLToPath(new URL(program, import.meta.url));
    // What the programs log goes to standard error: standard output is the demo's own screen, or its one line of JSON.
    const child = spawn(process.execPath, [path], { stdio: ['ignore', 2, 'inherit'] });
    children.push(child);
    child.on('exit', () => {
      if (!stopping) void stop().then(() => process.exit(1));
    });
  };

  const stop = async () => {
    stopping = true;
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        child.kill('SIGTERM');
        await ended;
      }),
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => void stop().then(() => process.exit(0)));
  }
  start('../src/main.ts');
  start('../sandbox/main.ts');

  return {
    start,
    async ready(urls) {
      const deadline = Date.now() + READY_WITHIN_MS;
      for (const url of urls) {
        while (!(await answers(url))) {
          if (Date.now() > deadline) throw new Error(`${url} does not answer.`);
          await pause(ASK_EVERY_MS);
        }
      }
    },
    stop,
  };
}
