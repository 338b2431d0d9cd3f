import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** The way to a server, which can be cut and mended. */
export interface Cable {
  /** The server's URL by way of the cable. */
  readonly url: string;
  /** Breaks every connection; new ones are refused. */
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/** Lays a cable to a server. @param url with host and port @returns the cable, to be cut in the end */
export async function layCable(url: string): Promise<Cable> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    // How one side of a connection ends is the other side's affair.
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    return socket;
  };
  const listener = createServer((near) => {
    const far = keep(connect(Number(port), hostname));
    keep(near).on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    near.pipe(far).pipe(near);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('The system gave no port.');
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(address.port);
  return {
    url: through.href,
    async cut() {
      if (!listener.listening) return;
      const closed = once(listener, 'close');
      listener.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    async mend() {
      listener.listen(address.port, '127.0.0.1');
      await once(listener, 'listening');
    },
  };
}
