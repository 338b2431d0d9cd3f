import { once } from 'node:events';
import { createServer } from 'node:net';

const TRIED = 50;

async function isFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, host), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** A port of the demo, and the setting that changes it. */
interface WantedPort {
  readonly setting: string;
  readonly port: number;
  readonly host: string;
  /** Whether somebody chose it: then no other one is taken. */
  readonly chosen: boolean;
}

/** @returns the port; if it is in use and was not chosen, the next free one @throws if there is none */
export async function portFor({ setting, port, host, chosen }: WantedPort): Promise<number> {
  for (let next = port; next < port + TRIED; next += 1) {
    if (await isFree(next, host)) return next;
    if (chosen)
      throw new Error(
        `Port ${port} (${setting}) is in use on ${host}. Choose another: ${setting}=${port + 1} npm run demo`,
      );
  }
  throw new Error(
    `The ports ${port} to ${port + TRIED - 1} are in use on ${host}. Choose one: ${setting}=<port> npm run demo`,
  );
}
