import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * A client may send requests without waiting for the answers (RFC 9112, 9.3.2). Node begins all of them, and keeps their
 * answers until the client has read those before. Browsers and reverse proxies wait; one that sends more than this at a
 * time, or reads nothing, is cut off.
 */
const MOST_UNANSWERED = 16;

/** Ends connections with too many unanswered requests. Their requests are not handled, and nobody is there to answer to. */
export function limitPipelining(server: FastifyInstance): void {
  const unanswered = new WeakMap<Socket, number>();
  server.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    const count = (unanswered.get(socket) ?? 0) + 1;
    unanswered.set(socket, count);
    if (count > MOST_UNANSWERED) {
      if (!socket.destroyed) request.log.info({ reference: request.id, outcome: 'too_many_unanswered' }, 'connection');
      socket.destroy();
      // Requests of the same piece of input still come, all at once.
      reply.hijack();
      return;
    }
    reply.raw.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    done();
  });
}
