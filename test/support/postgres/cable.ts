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
  const keep = (socket: Socket) => {
    sockets.add(socket);
    // 'close' follows an error.
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    return socket;
  };
  const passOn = (from: Socket, to: Socket, direction: Direction) =>
    from.on('data', (chunk: Buffer) => {
      const write = () => void (to.destroyed || to.write(chunk));
      if (!stalled.has(direction)) return write();
      held.push(write);
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
    holds: () => (held.length > 0 ? Promise.resolve() : new Promise((resolve) => onHold.push(resolve))),
    resume() {
      stalled.clear();
      const waiting = held;
      held = [];
      for (const write of waiting) write();
    },
  };
}
