import { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';

/** How long after the last byte a reset of the connection still counts against the delivery. */
const RESET_WITHIN_MS = 200;

/**
 * Finds out whether a client takes an answer whole. Call it before the answer is sent.
 *
 * What this side can know: every byte was handed to the operating system, the connection was open until then, and it was
 * not reset shortly after, as it is if the client has closed without reading. What it can't know: whether a proxy passed
 * everything on, whether a client that vanished without a trace got it, and what the client did with it.
 *
 * @returns `taken` resolves once that is known; `gone` is aborted when the client closes the connection before it has the
 *   answer
 */
export function watchDelivery({ raw }: FastifyReply): { readonly taken: Promise<boolean>; readonly gone: AbortSignal } {
  const gone = new AbortController();
  const { promise: taken, resolve } = Promise.withResolvers<boolean>();
  const { socket } = raw;
  let finished = false;
  let timer: NodeJS.Timeout | undefined;
  const end = (whole: boolean) => {
    clearTimeout(timer);
    // The connection may go on to serve many requests.
    socket?.off('close', onClose);
    resolve(whole);
  };
  const onClose = (failed: boolean) => end(!failed);
  raw.once('finish', () => {
    finished = true;
    // No socket: a request made within this process.
    if (!(socket instanceof Socket)) return end(true);
    if (socket.destroyed) return end(!socket.errored);
    socket.once('close', onClose);
    timer = setTimeout(end, RESET_WITHIN_MS, true);
  });
  const closed = () => {
    if (finished) return;
    gone.abort();
    end(false);
  };
  if (raw.closed) closed();
  else raw.once('close', closed);
  return { taken, gone: gone.signal };
}
