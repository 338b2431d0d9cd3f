/** A program of the tests: uses the embedded database of a DATA_DIR, says so, and releases it when its input ends. */
import { once } from 'node:events';
import { openEmbeddedServer } from '../../../src/platform/database/embedded/embedded-server.ts';

process.on('SIGINT', () => undefined);
try {
  const server = await openEmbeddedServer(process.argv[2] ?? '');
  console.log('ready');
  await once(process.stdin.resume(), 'end');
  await server.release();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
