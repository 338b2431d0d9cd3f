import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Ending, type ServiceProcess, spawnService } from '../../test/support/programs/service.ts';

const START_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 20;
const ANSWER_WITHIN_MS = 5_000;

/** A service that can be ended and started again, on the same port. */
export interface Instance {
  readonly url: string;
  readonly pid: number;
  /** Starts it and waits until it is ready. @throws Error if it ends instead */
  start(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Kills it, if it runs. */
  kill(): void;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ending>;
  /** How it ended when nobody had ended it. */
  readonly crashes: readonly string[];
}

export interface InstancePlace {
  readonly port: number;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Where it logs to: a file in its folder by default. */
  readonly output?: number;
}

/** Fetches a URL as a program does. @returns the status of the answer; undefined if there is none in time */
export async function statusOf(url: string, withinMs = ANSWER_WITHIN_MS): Promise<number | undefined> {
  try {
    const signal = AbortSignal.timeout(withinMs);
    const answer = await fetch(url, { headers: { connection: 'close' }, signal });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return undefined;
  }
}

/** Describes a service that is not running yet: `src/main.ts` as an operator starts it. */
export function createInstance({ port, folder, environment, output }: InstancePlace): Instance {
  const url = `http://127.0.0.1:${port}`;
  const crashes: string[] = [];
  let running: ServiceProcess | undefined;
  const ending = new WeakSet<ServiceProcess>();
  const current = () => {
    if (running === undefined) throw new Error('The instance was never started.');
    return running;
  };
  async function spawn(): Promise<ServiceProcess> {
    const log = output ?? openSync(join(folder, `service-${port}.log`), 'a');
    try {
      return await spawnService({ ...environment, PORT: String(port) }, folder, log);
    } finally {
      if (output === undefined) closeSync(log);
    }
  }
  return {
    url,
    crashes,
    get pid() {
      return current().child.pid ?? 0;
    },
    async start() {
      const began = performance.now();
      const started = await spawn();
      running = started;
      let ended: Ending | undefined;
      started.ended.then((how) => {
        ended = how;
        if (!ending.has(started)) crashes.push(`${how.code ?? how.signal}: ${how.stderr.slice(-2_000)}`);
      });
      while ((await statusOf(`${url}/health/ready`)) !== 200) {
        if (ended !== undefined) throw new Error(`The service ended instead of starting: ${ended.stderr}`);
        if (performance.now() - began > START_WITHIN_MS) throw new Error('The service did not become ready.');
        await pause(LOOK_EVERY_MS);
      }
    },
    signal: (signal) => void current().child.kill(signal),
    kill: () => void running?.child.kill('SIGKILL'),
    end(signal) {
      ending.add(current());
      current().child.kill(signal);
      return current().ended;
    },
  };
}
