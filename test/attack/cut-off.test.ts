import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/http/log.ts';
import { useStage } from '../support/stage.ts';

/** Log entries above the usual level: they may wake someone up. */
const alarms: string[] = [];
const stage = useStage({ logger: createLogger('warn', { write: (line) => void alarms.push(line) }) });
let answered: (status: number) => void = () => undefined;
beforeAll(async () => {
  // The client is gone, so no one reads the response; this is the last the test sees of it.
  stage.installation.server.addHook('onSend', async (_request, reply) => answered(reply.statusCode));
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
