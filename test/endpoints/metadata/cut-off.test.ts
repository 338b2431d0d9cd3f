import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startInstallation, type TestInstallation } from '../../support/installation.ts';

let installation: TestInstallation;
let port: number;
beforeAll(async () => {
  installation = await startInstallation();
  port = Number(new URL(await installation.server.listen({ port: 0, host: '127.0.0.1' })).port);
  await installation.addBiller('riverton', { keyType: 'EC-P256', settings: { rotation: 'overlap' } });
  await installation.operate('key.stage', { biller: 'riverton', keyType: 'EC-P256' });
});
afterAll(() => installation.close());

interface Recorded {
  readonly client: string;
  readonly status: number;
  readonly certificates: string[];
}
const recorded = async (client: string) =>
  ((await installation.operate('key.fetches', { biller: 'riverton' })) as Recorded[]).find(
    (row) => row.client === client,
  );
const seen = async () =>
  ((await installation.operate('key.status', { billers: ['riverton'] })) as [{ seen: number }])[0].seen;

/** Asks for the metadata as this client. */
function ask(client: string) {
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET /saml/riverton/metadata HTTP/1.1\r\nHost: x\r\nUser-Agent: ${client}\r\n\r\n`);
  return socket;
}

test('a client that resets the connection has not seen what it was sent', async () => {
  const socket = ask('resets');
  await once(socket, 'data');
  socket.resetAndDestroy();
  expect(await vi.waitUntil(() => recorded('resets'))).toMatchObject({ status: 499, certificates: [] });
  expect(await seen()).toBe(0);
});

test('a client that closes without reading has not seen it either', async () => {
  const socket = ask('closes');
  socket.pause();
  await once(socket, 'readable');
  socket.resetAndDestroy();
  expect(await vi.waitUntil(() => recorded('closes'))).toMatchObject({ status: 499, certificates: [] });
  expect(await seen()).toBe(0);
});

test('a client that reads it has', async () => {
  const socket = ask('reads');
  socket.resume();
  const { certificates, status } = (await vi.waitUntil(() => recorded('reads'))) ?? {};
  expect([status, certificates?.length]).toEqual([200, 2]);
  expect(await seen()).toBe(1);
  socket.destroy();
});
