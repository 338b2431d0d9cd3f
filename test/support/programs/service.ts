import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { freePort } from './free-port.ts';

const MAIN = new URL('../../../src/main.ts', import.meta.url).pathname;

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** The service as a separate process: `node src/main.ts`, as `npm start` runs it. */
export interface ServiceProcess {
  readonly child: ChildProcess;
  readonly port: number;
  readonly url: string;
  readonly ended: Promise<Ending>;
  /** Resolves at the first log line with this message, also a past one. @throws if the process ends without it */
  logged(message: string): Promise<void>;
}

/**
 * Starts the process without waiting until it serves.
 *
 * @param environment settings; of this process's own environment only PATH is passed on
 * @param folder the working directory, which may have `.env` and `certs/`
 * @param output a file to log to; `logged` needs the pipe that it is by default
 */
export async function spawnService(
  environment: Readonly<Record<string, string>>,
  folder: string,
  output: 'pipe' | number = 'pipe',
): Promise<ServiceProcess> {
  const port = environment.PORT === undefined ? await freePort() : Number(environment.PORT);
  const child = spawn(process.execPath, [MAIN], {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      PUBLIC_URL: `http://localhost:${port}`,
      ...environment,
      PORT: environment.PORT ?? String(port),
    },
    stdio: ['ignore', output, 'pipe'],
  }) as ChildProcess & { stderr: Readable };
  const messages = new Set<string>();
  const lines = createInterface({ input: child.stdout ?? Readable.from([]) });
  lines.on('line', (line) => {
    const message = line.startsWith('{') ? (JSON.parse(line) as { msg: string }).msg : line;
    messages.add(message);
    lines.emit('message', message);
  });
  const ended = Promise.all([text(child.stderr), once(child, 'close')]).then(
    ([stderr, [code, signal]]): Ending => ({ code, signal, stderr }),
  );
  return {
    child,
    port,
    url: `http://127.0.0.1:${port}`,
    ended,
    async logged(message) {
      if (messages.has(message)) return;
      const said = new Promise<undefined>((resolve) => {
        lines.on('message', (heard: string) => heard === message && resolve(undefined));
      });
      const ending = await Promise.race([said, ended]);
      if (ending === undefined || messages.has(message)) return;
      throw new Error(`The service ended (${ending.code ?? ending.signal}) before "${message}": ${ending.stderr}`);
    },
  };
}

/** Starts the process and waits until it serves. */
export async function startService(
  environment: Readonly<Record<string, string>>,
  folder: string,
): Promise<ServiceProcess> {
  const service = await spawnService(environment, folder);
  await service.logged('ready');
  return service;
}

/** Sends a signal and waits for the end. */
export function endService(service: ServiceProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
  service.child.kill(signal);
  return service.ended;
}
