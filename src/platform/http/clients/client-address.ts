import type { FastifyInstance } from 'fastify';
import { IdpError } from '../../errors/idp-error.ts';

/**
 * Keeps the address of every client. Node forgets it when the connection ends, unless it was read before, and a handler may
 * ask for it later. A request whose connection has ended before it begins has nobody to answer to.
 */
export function keepClientAddresses(server: FastifyInstance): void {
  server.addHook('onRequest', (request, _reply, done) => {
    if (request.raw.socket.remoteAddress !== undefined) done();
    else done(new IdpError('client_gone', { detail: 'the connection ended before the request began' }));
  });
}
