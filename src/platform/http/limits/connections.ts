import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { IdpError } from '../../errors/idp-error.ts';
import { newReference } from '../../util/reference.ts';
import type { OnRefused } from '../errors.ts';
import { errorPage } from '../pages/error-page.ts';
import { pageHeaders } from '../pages/reply.ts';

/** A request must arrive within this time, its headers and its body. */
const ARRIVES_WITHIN_MS = 30_000;
/** How often Node looks for requests that are late. By default it does so twice a minute. */
const LOOK_EVERY_MS = 1_000;
/** An idle connection takes some 10 kB. */
const MAX_CONNECTIONS = 5_000;

/** Options of the HTTP server that limit how long a request may take to arrive. */
export const ARRIVAL = {
  requestTimeout: ARRIVES_WITHIN_MS,
  http: { headersTimeout: ARRIVES_WITHIN_MS, connectionsCheckingInterval: LOOK_EVERY_MS },
} as const;

/** Limits the number of connections. Those beyond it are closed; idle ones make room. */
export function limitConnections(server: Server, most = MAX_CONNECTIONS): void {
  server.maxConnections = most;
  server.on('drop', () => server.closeIdleConnections());
}

function errorOf({ code, message }: NodeJS.ErrnoException): IdpError {
  const detail = message;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new IdpError('request_too_slow', {
      detail: `the request did not arrive within ${ARRIVES_WITHIN_MS / 1000} seconds`,
    });
  }
  if (code === 'HPE_HEADER_OVERFLOW') return new IdpError('headers_too_large', { detail });
  return new IdpError('request_malformed', { detail });
}

/** Node's response that is under way on a connection. */
const isAnswering = (socket: Socket) =>
  (socket as { _httpMessage?: { headersSent: boolean } | null })._httpMessage?.headersSent === true;

/**
 * Answers what is no request: Node refuses it before there is one, so that no hook and no handler sees it.
 *
 * @returns the handler of the event `clientError`, with the server as `this`
 */
export function answerClientErrors(headers: Record<string, string>, onRefused: OnRefused) {
  return function answer(this: FastifyInstance, failure: NodeJS.ErrnoException, socket: Socket): void {
    // There is nobody to answer to.
    if (failure.code === 'ECONNRESET' || failure.code === 'HPE_INVALID_EOF_STATE' || socket.destroyed) {
      socket.destroy();
      return;
    }
    const error = errorOf(failure);
    const reference = newReference();
    const { status, code, detail, title, sentence, remedy } = error;
    this.log.info({ reference, route: 'none', status, outcome: code, detail }, 'request');
    onRefused({ error, reference, address: socket.remoteAddress });
    if (socket.writable && !isAnswering(socket)) {
      const page = errorPage({ title, sentence, remedy, code, reference });
      const all = { ...pageHeaders({}), ...headers, connection: 'close', 'content-length': Buffer.byteLength(page) };
      const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
      socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('\r\n')}\r\n\r\n${page}`);
    }
    socket.destroySoon();
  };
}
