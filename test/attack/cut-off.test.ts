import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '../../src/platform/http/log.ts';
import { startInstallation, type TestInstallation } from '../support/installation.ts';

let installation: TestInstallation;
/** What is logged above the usual: somebody may be called out of bed by it. */
const alarms: string[] = [];
let answered: (status: number) => void = () => undefined;
beforeAll(async () => {
  const logger = createLogger('warn', { write: (line) => void alarms.push(line) });
  installation = await startInstallation({ logger });
  // Nobody is there any more to read the answer; this is the last that is seen of it.
  installation.server.addHook('onSend', async (_request, reply) => answered(reply.statusCode));
  await installation.addBiller('riverton', { keyType: 'EC-P256' });
  await installation.server.listen({ port: 0, host: '127.0.0.1' });
});
afterAll(() => installation.close());

test.each(['/saml/riverton/sso', '/login/riverton', '/logout'])(
  'a client that goes away in the middle of its POST to %s is no failure of the database',
  { meta: { holds: ['IDP-100'], source: 'project rule' } },
  async (path) => {
    const status = new Promise<number>((resolve) => {
      answered = resolve;
    });
    const { port } = installation.server.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const head = [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/x-www-form-urlencoded'];
    socket.write(`${[...head, 'Content-Length: 1000', 'Expect: 100-continue'].join('\r\n')}\r\n\r\n`);
    // The server has taken the head and waits for the body.
    await once(socket, 'data');
    socket.write('SAMLRequest=');
    socket.destroy();
    expect(await status).toBe(400);
    expect(alarms).toEqual([]);
  },
);
