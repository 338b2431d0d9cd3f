import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ofCheckout } from '../support/programs/cli.ts';
import { freePort } from '../support/programs/free-port.ts';

export const HOST = 'sso.riverton.example';
export type ProxyName = 'nginx' | 'caddy';

/** A reverse proxy that runs with the file in deploy/, changed only where an operator changes it. */
export interface ReverseProxy {
  readonly url: string;
  readonly plainPort: number;
  readonly certificate: string;
  /** Ends it, and removes its folder. */
  stop(): Promise<void>;
}

// Debian has it where only root's PATH looks.
const NGINX = existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx';

interface Place {
  readonly folder: string;
  readonly service: number;
  readonly port: number;
  readonly plainPort: number;
}

/** Puts in another value where the file has what an operator changes. @throws if it does not have it */
function changed(text: string, changes: readonly (readonly [string, string])[]): string {
  return changes.reduce((current, [from, to]) => {
    const next = current.replaceAll(from, to);
    if (next === current) throw new Error(`The file has no ${from}.`);
    return next;
  }, text);
}

function prepareNginx({ folder, service, port, plainPort }: Place): string[] {
  const site = changed(readFileSync(ofCheckout('deploy/nginx/ic-idp.conf'), 'utf8'), [
    ['127.0.0.1:3000', `127.0.0.1:${service}`],
    ['listen 443', `listen 127.0.0.1:${port}`],
    ['listen [::]:443', `listen [::1]:${port}`],
    ['listen 80', `listen 127.0.0.1:${plainPort}`],
    ['listen [::]:80', `listen [::1]:${plainPort}`],
    [`/etc/letsencrypt/live/${HOST}`, folder],
    ['/var/log/nginx', folder],
  ]);
  writeFileSync(join(folder, 'ic-idp.conf'), site);
  // As Debian's nginx.conf includes it.
  const main = [
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'daemon off;',
    `pid ${folder}/nginx.pid;`,
    'error_log stderr notice;',
    'events {}',
    'http {',
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`),
    `include ${folder}/ic-idp.conf;`,
    '}',
  ];
  writeFileSync(join(folder, 'nginx.conf'), main.join('\n'));
  return ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')];
}

function prepareCaddy({ folder, service, port, plainPort }: Place): string[] {
  const file = changed(readFileSync(ofCheckout('deploy/caddy/Caddyfile'), 'utf8'), [
    ['127.0.0.1:3000', `127.0.0.1:${service}`],
    ['\n{\n', `\n{\n\tadmin off\n\thttps_port ${port}\n\thttp_port ${plainPort}\n\tdefault_bind 127.0.0.1\n`],
    // In place of the certificate that Caddy would get for the name.
    [`\n${HOST} {\n`, `\n${HOST} {\n\ttls ${folder}/fullchain.pem ${folder}/privkey.pem\n`],
  ]);
  writeFileSync(join(folder, 'Caddyfile'), file);
  return ['--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'];
}

const PROXIES = {
  nginx: { program: NGINX, prepare: prepareNginx, check: ['-t'], run: [], ready: 'start worker process ' },
  caddy: {
    program: 'caddy',
    prepare: prepareCaddy,
    check: ['validate'],
    run: ['run'],
    ready: 'serving initial configuration',
  },
} as const;

function makeCertificate(folder: string): string {
  const subject = ['-subj', `/CN=${HOST}`, '-addext', `subjectAltName=DNS:${HOST}`];
  const files = ['-keyout', join(folder, 'privkey.pem'), '-out', join(folder, 'fullchain.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...subject, ...files], { stdio: 'pipe' });
  return readFileSync(join(folder, 'fullchain.pem'), 'utf8');
}

/** Waits for a line on standard error. @throws Error with all of it, if the program ends before */
function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let all = '';
    const lines = createInterface({ input: child.stderr as NodeJS.ReadableStream });
    lines.on('line', (line) => {
      all += `${line}\n`;
      if (line.includes(text)) resolve();
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`The proxy ended before "${text}":\n${all}`)));
  });
}

/**
 * Has the program check its file, and starts it in front of the service on a port of this machine.
 *
 * @throws Error with what the program printed, if it refuses the file
 */
export async function startProxy(name: ProxyName, service: number): Promise<ReverseProxy> {
  const folder = mkdtempSync(join(tmpdir(), `ic-idp-${name}-`));
  mkdirSync(join(folder, 'home'));
  const place = { folder, service, port: await freePort(), plainPort: await freePort() };
  const { program, prepare, check, run, ready } = PROXIES[name];
  try {
    const certificate = makeCertificate(folder);
    const args = prepare(place);
    const env = { PATH: process.env.PATH, HOME: join(folder, 'home') };
    const done = spawnSync(program, [...check, ...args], { encoding: 'utf8', env });
    if (done.status !== 0) throw new Error(`${name} refuses its file:\n${done.error?.message ?? done.stderr}`);
    const child = spawn(program, [...run, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(child, 'close');
    await said(child, ready);
    return {
      url: `https://127.0.0.1:${place.port}`,
      plainPort: place.plainPort,
      certificate,
      async stop() {
        child.kill('SIGTERM');
        await ended;
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
