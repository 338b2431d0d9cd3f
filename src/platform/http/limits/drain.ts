import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Lets `server.close()` finish as soon as every request has its response.
 *
 * By itself Node closes the connections that are idle at that moment, but neither those without a request so far (browsers
 * open some ahead of need) nor those kept alive after the response they were waiting for.
 */
export function drainOnClose(server: FastifyInstance): void {
  const openRequests = new Map<Socket, number>();
  let closing = false;

  server.server.on('connection', (socket) => {
    if (closing) {
      socket.destroy();
      return;
    }
    openRequests.set(socket, 0);
    socket.once('close', () => openRequests.delete(socket));
  });
  server.server.on('request', ({ socket }, response) => {
    const add = (difference: number) => {
      const open = openRequests.get(socket);
      if (open !== undefined) openRequests.set(socket, open + difference);
    };
    add(1);
    response.once('close', () => add(-1));
  });
  server.addHook('preClose', async () => {
    closing = true;
    for (const [socket, open] of openRequests) if (open === 0) socket.destroy();
  });
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) reply.header('connection', 'close');
    done(null, payload);
  });
}
