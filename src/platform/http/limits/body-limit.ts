import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { IdpError } from '../../errors/idp-error.ts';
import { logRequest } from '../log.ts';

/** Bodies that are in memory at the same time, in bytes: most have a few thousand. */
const MAX_BYTES = 64 * 1024 * 1024;

interface Body {
  readonly reply: FastifyReply;
  /** What has arrived. */
  bytes: number;
}

/**
 * Limits what the bodies of all requests take together. When they take more, the largest that is not complete is given up:
 * a body of a real sign-on is small.
 */
export function limitBodies(server: FastifyInstance, most = MAX_BYTES): void {
  /** Bodies of requests without a response so far, with their sizes. */
  const bodies = new Map<FastifyRequest, Body>();
  let total = 0;

  function giveLargestUp(): void {
    let largest: { request: FastifyRequest; body: Body } | undefined;
    for (const [request, body] of bodies) {
      if (!request.raw.complete && body.bytes >= (largest?.body.bytes ?? 0)) largest = { request, body };
    }
    if (largest === undefined) return;
    const { request, body } = largest;
    forget(request);
    const error = new IdpError('service_busy', { detail: 'the bodies of all requests take too much memory' });
    request.facts.outcome = error.code;
    request.facts.detail = error.detail;
    // Nothing is answered: the client is still sending. So there is no other line in the log.
    logRequest(request, body.reply.code(error.status));
    request.raw.destroy(error);
  }

  function forget(request: FastifyRequest): void {
    total -= bodies.get(request)?.bytes ?? 0;
    bodies.delete(request);
  }

  server.addHook('preParsing', (request, reply, payload, done) => {
    const body: Body = { reply, bytes: 0 };
    bodies.set(request, body);
    request.raw.on('data', (chunk: Buffer) => {
      if (!bodies.has(request)) return;
      body.bytes += chunk.length;
      total += chunk.length;
      if (total > most) giveLargestUp();
    });
    reply.raw.once('close', () => forget(request));
    done(null, payload);
  });
}
