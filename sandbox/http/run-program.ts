import type { FastifyInstance } from 'fastify';
import { SettingError } from '../settings.ts';

/** A program that is ready to listen. */
interface Program {
  /** As people call it, e.g. "The sandbox". */
  readonly name: string;
  /** What its settings for host and port begin with, e.g. `SANDBOX`. */
  readonly prefix: string;
  readonly app: FastifyInstance;
  readonly settings: { readonly host: string; readonly port: number };
  /** What it says once it listens. */
  readonly greeting: string;
}

async function listen({ name, prefix, app, settings }: Program): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Only once: a second signal kills the process immediately.
    process.once(signal, () => void app.close());
  }
  const { host, port } = settings;
  try {
    await app.listen({ port, host });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? 'the port is in use' : message;
    throw new Error(`${name} can't listen on ${host}:${port} (${prefix}_HOST, ${prefix}_PORT): ${reason}.`);
  }
}

/** Runs a program until a signal ends it. A wrong setting ends it with exit code 2, anything else with 1. */
export async function runProgram(prepare: () => Promise<Program>): Promise<void> {
  try {
    const program = await prepare();
    await listen(program);
    console.log(program.greeting);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = error instanceof SettingError ? 2 : 1;
  }
}
