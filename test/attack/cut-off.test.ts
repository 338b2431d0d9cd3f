import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/http/log.ts';
import { useStage } from '../support/stage.ts';

/** Log entries above the usual level: they may wake someone up. */
const alarms: string[] = [];
const stage = useStage({ logger: createLogger('warn', { write: (line) => void alarms.push(line) }) });
let answered: (status: number) => void = () => undefined;
let begun: (connection: Socket) => Promise<unknown> = async () => undefined;
beforeAll(async () => {
  // The client is gone, so no one reads the response; this is the last the test sees of it.
  stage.installation.server.addHook('onSend', async (_request, reply) => answered(reply.statusCode));
  stage.installation.server.addHook('preHandler', ({ raw }) => begun(raw.socket));
  await stage.installation.server.listen({ port: 0, host: '127.0.0.1' });
});

test.each(['/saml/riverton/sso', '/login/riverton', '/logout'])(
  'a client that disconnects in the middle of its POST to %s does not count as a database failure',
  { meta: { holds: ['IDP-100'], source: 'project rule' } },
  async (path) => {
    const status = new Promise<number>((resolve) => {
      answered = resolve;
    });
    const { port } = stage.installation.server.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const head = [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/x-www-form-urlencoded'];
    socket.write(`${[...head, 'Content-Length: 1000', 'Expect: 100-continue'].join('\r\n')}\r\n\r\n`);
    // The server has read the head and waits for the body.
    await once(socket, 'data');
    socket.write('SAMLRequest=');
    socket.destroy();
    expect(await status).toBe(400);
    expect(alarms).toEqual([]);
  },
);

/** Sends a GET, and ends the connection when the server begins to handle it. */
async function leave(path: string): Promise<void> {
  const { port } = stage.installation.server.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  const gone = new Promise<void>((resolve) => {
    begun = async (connection) => {
      begun = async () => undefined;
      const closed = once(connection, 'close');
      socket.destroy();
      await closed;
      resolve();
    };
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nUser-Agent: leaving\r\n\r\n`);
  await gone;
}

test('a client that disconnects while its request is handled still has its address', async () => {
  const { database, fetches } = stage.installation.services;
  const sent = new Promise<number>((resolve) => {
    answered = resolve;
  });
  await leave('/saml/riverton/metadata');
  await sent;
  await fetches.drained();
  const rows = await database.db.selectFrom('metadataFetches').select(['address', 'status', 'client']).execute();
  expect(rows).toEqual([{ address: '127.0.0.1', status: 499, client: 'leaving' }]);
  expect(alarms).toEqual([]);
});
