import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** `203.0.113.7:54321` or `[2001:db8::1]:54321`, as Azure Application Gateway and IIS write a client; also `[2001:db8::1]`. */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/;

/** @returns the address alone; anything that is no address with a port is left as it is */
function withoutPort(part: string): string {
  const match = WITH_PORT.exec(part.trim());
  const address = match?.[1] ?? match?.[2];
  return address !== undefined && isIP(address) !== 0 ? address : part;
}

/**
 * Takes ports off the addresses in X-Forwarded-For, before Fastify reads the client's address from it. With its port every
 * connection of a client would be another client.
 */
export function dropForwardedPorts(server: FastifyInstance): void {
  server.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    const given = headers['x-forwarded-for'];
    if (typeof given === 'string' && /[[:]/.test(given))
      headers['x-forwarded-for'] = given.split(',').map(withoutPort).join(',');
    done();
  });
}
