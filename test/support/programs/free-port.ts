import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const [LOWEST, HIGHEST] = [10_240, 32_000];
/** Test files that run at the same time draw from separate ranges. */
const half = Number(process.env.VITEST_POOL_ID ?? 0) % 2;
const size = (HIGHEST - LOWEST) / 2;

/** @returns whether a server could listen on this port of the loopback interface */
export async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  const free = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
  });
  if (!free) return false;
  probe.close();
  await once(probe, 'close');
  return true;
}

/**
 * A free port of the loopback interface. It is below the range from which systems take ports for outgoing connections
 * and for port 0, so that no other program gets it by chance before it is used.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST + half * size + randomInt(size);
    if (await isFree(port)) return port;
  }
}
