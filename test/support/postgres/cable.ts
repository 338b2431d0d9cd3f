import { once } from 'node:events';
import { connect, createServer, type ListenOptions, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../programs/free-port.ts';

/** What goes from the client to the server, and what comes back. */
type Direction = 'requests' | 'answers';

/** One connection through a cable. */
interface Line {
  cut(): void;
}

/** A connection to a server that can be cut, restored, stalled and slowed down. */
export interface Cable {
  /** The server's URL through the cable; of a Unix socket, its path. */
  readonly url: string;
  /** Breaks every connection and drops held data; refuses new connections. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** Holds data in these directions from now on, without closing any connection. */
  stall(...directions: Direction[]): void;
  /** Holds what the server sends on connections that listen for notices, later ones too; all others go on. */
  deafen(): void;
  /** From now on, data arrives this much later, in both directions together. */
  delay(roundTripMs: number): void;
  /** Resolves when data is held. */
  holds(): Promise<void>;
  /** Forwards the held data in order, and everything that follows. */
  resume(): void;
  /**
   * Calls `act` when a client sends this text, before it is forwarded: it does not arrive if `act` stalls or cuts.
   *
   * @returns what ends it
   */
  onRequest(text: string, act: (line: Line) => void): () => void;
}

/** Lays a cable to a server. @param url with host and port @returns the cable, to be cut in the end */
export async function layCable(url: string): Promise<Cable> {
  const { hostname, port } = new URL(url);
  const nearPort = await freePort();
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(nearPort);
  return lay({ port: Number(port), host: hostname }, { port: nearPort, host: '127.0.0.1' }, through.href);
}

/** Lays a cable to a Unix socket. @param path of the server's socket @param near path of the one to listen on */
export function laySocketCable(path: string, near: string): Promise<Cable> {
  return lay({ path }, { path: near }, near);
}

async function lay(server: NetConnectOpts, near: ListenOptions, url: string) {
  const sockets = new Set<Socket>();
  const stalled = new Set<Direction>();
  const watches = new Set<{ readonly text: string; readonly act: (line: Line) => void }>();
  const listening = new WeakSet<Line>();
  let held: (() => void)[] = [];
  let onHold: (() => void)[] = [];
  let deaf = false;
  let delayMs = 0;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    // 'close' follows an error.
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    return socket;
  };
  const passOn = (from: Socket, to: Socket, direction: Direction, line: Line) => {
    /** What was sent before has arrived; undefined if nothing is on its way. */
    let before: Promise<void> | undefined;
    const forward = (chunk: Buffer) => {
      const write = () => void (to.destroyed || to.write(chunk));
      const unheard = deaf && direction === 'answers' && listening.has(line);
      if (!stalled.has(direction) && !unheard) return write();
      held.push(write);
      for (const resolve of onHold) resolve();
      onHold = [];
    };
    from.on('data', (chunk: Buffer) => {
      if (direction === 'requests') {
        if (chunk.includes('listen ')) listening.add(line);
        for (const { text, act } of watches) if (chunk.includes(text)) act(line);
      }
      if (from.destroyed) return;
      if (delayMs === 0 && before === undefined) return forward(chunk);
      const arrival = Promise.all([pause(delayMs / 2), before]).then(() => {
        forward(chunk);
        if (before === arrival) before = undefined;
      });
      before = arrival;
    });
  };
  const listener: Server = createServer((client) => {
    const far = keep(connect(server));
    keep(client).on('close', () => far.destroy());
    far.on('close', () => client.destroy());
    const line: Line = { cut: () => void client.destroy() };
    passOn(client, far, 'requests', line);
    passOn(far, client, 'answers', line);
  });
  const listen = async () => {
    listener.listen(near);
    await once(listener, 'listening');
  };
  await listen();
  const cable: Cable = {
    url,
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
    onRequest(text, act) {
      const watch = { text, act };
      watches.add(watch);
      return () => void watches.delete(watch);
    },
  };
  return cable;
}
