import type { FastifyReply } from 'fastify';
import { IdpError } from '../errors/idp-error.ts';

/** @returns a signal that is aborted, with an IdpError, when the client ends its connection before it has the response */
export function whenGone({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  const leave = () => {
    if (!raw.writableEnded) gone.abort(new IdpError('client_gone', { detail: 'the client ended the connection' }));
  };
  raw.once('close', leave);
  // A client that closes its side of the connection only: Node then closes ours.
  raw.socket?.once('end', leave);
  raw.once('finish', () => raw.socket?.off('end', leave));
  return gone.signal;
}
