import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';

let made: { key: Buffer; cert: Buffer } | undefined;

/** A certificate for every site of the tests; Chromium is told not to look at it. */
function certificate() {
  if (made !== undefined) return made;
  const folder = mkdtempSync(join(tmpdir(), 'ic-idp-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=tests', '-days', '2'];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...newKey, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
  made = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return made;
}

/** TLS in front of a server that speaks HTTP, as a reverse proxy provides it. */
export interface TlsSite {
  readonly port: number;
  close(): void;
}

/** @param target port of the server, on this machine */
export async function startTlsSite(target: number): Promise<TlsSite> {
  const server: Server = createServer(certificate(), (secure) => {
    const plain = connect(target, '127.0.0.1');
    secure.pipe(plain).pipe(secure);
    for (const socket of [secure, plain]) {
      socket.on('error', () => {
        secure.destroy();
        plain.destroy();
      });
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}
