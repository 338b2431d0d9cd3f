import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { referenceOf } from '../support/browser/browser-like.ts';
import { layEmbeddedDatabase } from '../support/postgres/embedded-template.ts';
import { runCli, workingFolder } from '../support/programs/cli.ts';
import { endService, type ServiceProcess, startService } from '../support/programs/service.ts';
import { authnRequest, redirectQuery } from '../support/saml/authn-request.ts';

/** Clears the screen on terminals that accept C1 controls (ECMA-48, 5.3), and starts a new line. */
const CLEAR = '\u009b2J';
const OBEYED = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

let work: ReturnType<typeof workingFolder>;
let env: Record<string, string>;
let service: ServiceProcess;
const run = (...args: string[]) => runCli(args, { folder: work.folder, env });
const linesOf = ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`.split('\n');

beforeAll(async () => {
  work = workingFolder();
  env = { PUBLIC_URL: 'https://idp.example', DATA_DIR: join(work.folder, 'data') };
  await layEmbeddedDatabase(env.DATA_DIR ?? '');
  service = await startService(env, work.folder);
  const provider = ['--entity-id', 'https://sp.example/metadata', '--acs', 'https://sp.example/acs', '--yes'];
  const named = ['--name', 'Riverton', '--guid', crypto.randomUUID(), '--key-type', 'EC-P256'];
  expect((await run('biller', 'add', 'riverton', ...named, ...provider)).stderr).toBe('');
});
afterAll(async () => {
  await endService(service);
  work.remove();
});

/** Sends a raw request, which no client library allows. @returns the response */
async function send(...head: string[]): Promise<string> {
  const socket = connect(service.port, '127.0.0.1');
  // Not `end`: Node's server takes a client that has sent its FIN for one that is gone.
  socket.write(Buffer.from(`${[...head, 'Host: x', 'Connection: close'].join('\r\n')}\r\n\r\n`, 'latin1'));
  return text(socket);
}

describe('text from strangers is shown to operators without controlling their terminals', {
  meta: { holds: ['IDP-068'], source: 'project rule' },
}, () => {
  test('a User-Agent in `key fetches` and `key status`', {
    meta: { holds: ['IDP-068'], source: 'project rule' },
  }, async () => {
    expect(await send('GET /saml/riverton/metadata HTTP/1.1', `User-Agent: crm${CLEAR}`)).toContain('200 OK');
    for (const command of [['fetches'], ['status']]) {
      const shown = linesOf(await run('key', ...command, 'riverton'));
      expect(shown.join(' ')).toContain('crm\\u{9b}2J');
      for (const line of shown) expect(line).not.toMatch(OBEYED);
    }
    const json = (await run('key', 'fetches', 'riverton', '--json')).stdout;
    expect(json.trimEnd()).not.toMatch(OBEYED);
    expect(JSON.parse(json)).toMatchObject([{ client: `crm${CLEAR}` }]);
  });

  test('an Issuer in `trace` and `audit`', { meta: { holds: ['IDP-068'], source: 'project rule' } }, async () => {
    const query = redirectQuery(authnRequest({ issuer: `x\n  ✓ Forged${CLEAR}` }));
    const reference = referenceOf({ body: await send(`GET /saml/riverton/sso?${query} HTTP/1.1`) }) ?? '';
    for (const command of [
      ['trace', reference],
      ['audit', '--reference', reference],
    ]) {
      const shown = linesOf(await run(...command));
      expect(shown.join(' ')).toContain('x\\u{a}  ✓ Forged\\u{9b}2J');
      for (const line of shown) expect(line).not.toMatch(OBEYED);
      expect(shown).not.toContainEqual(expect.stringMatching(/^ {2}✓ Forged/));
    }
  });

  test('SP metadata shown for confirmation: nothing in it can hide the changes', {
    meta: { holds: ['IDP-068'], source: 'project rule' },
  }, async () => {
    const hidden = `https://evil.example${CLEAR}\nacs\n  after   0: https://sp.example/acs`;
    const path = join(work.folder, 'sp.xml');
    writeFileSync(
      path,
      `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${hidden.replaceAll('\n', '&#10;')}"><SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://evil.example/acs" index="0"/></SPSSODescriptor></EntityDescriptor>`,
    );
    const shown = linesOf(await run('biller', 'update', 'riverton', '--sp-metadata', path));
    expect(shown.join(' ')).toContain('https://evil.example/acs');
    for (const line of shown) expect(line).not.toMatch(OBEYED);
    expect(shown).not.toContainEqual(expect.stringMatching(/^ {2}after {3}0: https:\/\/sp\.example/));
  });
});

test('only the owner can read the database, its socket and password, and the master key', () => {
  const modeOf = (...path: string[]) => (statSync(join(work.folder, ...path)).mode & 0o777).toString(8);
  expect(modeOf('data')).toBe('700');
  // The socket lies in the folder of the database: who can't enter it can't ask it anything.
  expect(readdirSync(join(work.folder, 'data', 'postgresql'))).toContain('.s.PGSQL.5432');
  expect(modeOf('data', 'postgresql')).toBe('700');
  expect(modeOf('data', 'postgresql', 'pgpass')).toBe('600');
  expect(modeOf('certs', 'master.key')).toBe('600');
});

describe('requests that parsers split differently are refused, and the next one is served (RFC 9112 6.3)', () => {
  test.each([
    ['two lengths', ['Content-Length: 4', 'Content-Length: 5']],
    ['a length and chunks', ['Content-Length: 4', 'Transfer-Encoding: chunked']],
    ['an unknown transfer encoding', ['Transfer-Encoding: xchunked']],
    ['a folded header', ['X-A: 1', ' Content-Length: 4']],
    ['a name with a space', ['Content-Length : 4']],
    ['an escape sequence in a header', ['User-Agent: \u001b[2J']],
  ])('%s', async (_title, headers) => {
    expect(await send('POST /saml/riverton/sso HTTP/1.1', ...headers)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await send('GET /health/live HTTP/1.1')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('an absolute URL instead of a path does not redirect elsewhere (RFC 9112 3.2.2)', async () => {
    const query = redirectQuery(authnRequest());
    for (const path of [`/saml/riverton/sso?${query}`, '/login/riverton?destination=bills']) {
      const page = await send(`GET http://evil.example${path} HTTP/1.1`, 'Sec-Fetch-Dest: iframe');
      expect(page).toContain(`href="${path.replaceAll('=', '&#61;')}"`);
      expect(page).not.toContain('evil.example');
    }
  });
});
