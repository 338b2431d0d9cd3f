import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from './free-port.ts';

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
      if (!listener.listening) return;
      const closed = once(listener, 'close');
      listener.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    mend: listen,
  };
}
