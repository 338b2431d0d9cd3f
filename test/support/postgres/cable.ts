import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from '../programs/free-port.ts';

/** What goes from the client to the server, and what comes back. */
type Direction = 'requests' | 'answers';

/** A connection to a server that can be cut, restored and stalled. */
export interface Cable {
  /** The server's URL through the cable. */
  readonly url: string;
  /** Breaks every connection and drops held data; refuses new connections. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Holds data in these directions from now on, without closing any connection. */
  stall(...directions: Direction[]): void;
  /** Holds what the server sends on connections that listen for notices; all others go on. */
  deafen(): void;
  /** From now on, data arrives this much later, in both directions together. */
  delay(roundTripMs: number): void;
  /** Resolves when data is held. */
  holds(): Promise<void>;
  /** Forwards the held data in order, and everything that follows. */
  resume(): void;
}

/** Lays a cable to a server. @param url with host and port @returns the cable, to be cut in the end */
export async function layCable(url: string): Promise<Cable> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const stalled = new Set<Direction>();
  let held: (() => void)[] = [];
  let onHold: (() => void)[] = [];
  const listening = new Set<Socket>();
  let deaf = false;
  let delayMs = 0;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    // 'close' follows an error.
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    return socket;
  };
  const passOn = (from: Socket, to: Socket, direction: Direction) =>
    from.on('data', (chunk: Buffer) => {
      if (direction === 'requests' && chunk.includes('listen ')) listening.add(to);
      const write = () => void (to.destroyed || to.write(chunk));
      // Timers of one length run in the order in which they were set.
      const send = delayMs === 0 ? write : () => void setTimeout(write, delayMs / 2);
      if (!stalled.has(direction) && !(deaf && listening.has(from))) return send();
      held.push(send);
      for (const resolve of onHold) resolve();
      onHold = [];
    });
  const listener = createServer((near) => {
    const far = keep(connect(Number(port), hostname));
    keep(near).on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    passOn(near, far, 'requests');
    passOn(far, near, 'answers');
  });
  const nearPort = await freePort();
  const listen = async () => {
    listener.listen(nearPort, '127.0.0.1');
    await once(listener, 'listening');
  };
  await listen();
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(nearPort);
  return {
    url: through.href,
    async cut() {
      stalled.clear();
      deaf = false;
      held = [];
      if (!listener.listening) return;
      const closed = once(listener, 'close');
      listener.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    mend: listen,
    stall: (...directions) => {
      for (const direction of directions) stalled.add(direction);
    },
    deafen() {
      deaf = true;
    },
    delay(roundTripMs) {
      delayMs = roundTripMs;
    },
    holds: () => (held.length > 0 ? Promise.resolve() : new Promise((resolve) => onHold.push(resolve))),
    resume() {
      stalled.clear();
      deaf = false;
      const waiting = held;
      held = [];
      for (const write of waiting) write();
    },
  };
}
