import type { FastifyReply } from 'fastify';
import { IdpError } from '../../errors/idp-error.ts';

/** @returns a signal that is aborted, with an IdpError, when the client ends its connection before it has the response */
export function whenGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => {
    if (!raw.writableEnded) gone.abort(new IdpError('client_gone', { detail: 'the client ended the connection' }));
  });
  return gone.signal;
}
