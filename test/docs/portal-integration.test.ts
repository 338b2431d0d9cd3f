import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Language, Parser } from 'web-tree-sitter';
import { settingsSchema } from '../../src/config.ts';
import { type OpenDemo, openDemo } from '../e2e/demo-in-browser.ts';
import { ofCheckout, plainEnvironment } from '../support/programs/cli.ts';
import { freePort } from '../support/programs/free-port.ts';
import { readPage } from './pages.ts';

const page = readPage('docs/portal-integration.md');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);

/** Where the demo is, unless told otherwise. */
const DEMO_PORT = settingsSchema.shape.PORT.parse(undefined);

let demo: OpenDemo;
let portalPort: number;
let portal: ChildProcess | undefined;
let printed: string[];

/** The page speaks of the usual ports. */
const here = (text: string) =>
  text
    .replaceAll(`localhost:${DEMO_PORT}`, `localhost:${demo.place.port}`)
    .replaceAll('localhost:8000', `localhost:${portalPort}`);

beforeAll(async () => {
  demo = await openDemo();
  portalPort = await freePort();
  const { folder, port } = demo.place;
  symlinkSync(ofCheckout('ic-idp'), join(folder, 'ic-idp'));
  // One shell for all blocks, as a reader has one.
  const script = blocks('sh').join('\necho "---"\n');
  const env = plainEnvironment({ PORT: String(port) });
  const { stdout } = await promisify(execFile)('sh', ['-e', '-c', here(script)], { cwd: folder, env });
  printed = stdout.split('---\n');
});
afterAll(async () => {
  portal?.kill();
  await demo?.close();
});

test('the check says yes, line by line', () => {
  const { ok, checks } = JSON.parse(printed[1] ?? '') as { ok: boolean; checks: { name: string; ok: boolean }[] };
  expect(ok).toBe(true);
  expect(checks.length).toBeGreaterThan(4);
});

test('the address leads to the AutoPay page with the claims, without a sign-in, and then to the refreshUrl', async () => {
  const [url = ''] = (printed[2] ?? '').trim().split('\n');
  expect(url).toMatch(new RegExp(`^http://localhost:${demo.place.port}/launch/t/[\\w-]{43}$`));
  const browser = await demo.newPage();
  await browser.goto(url);
  // Typed into the address bar, as the page says.
  await browser.getByRole('button', { name: 'Yes, go on' }).click();
  await browser.getByRole('heading', { name: 'AutoPay' }).waitFor();
  expect(await browser.content()).toContain('pat@example.com');
  const again = await fetch(url, { redirect: 'manual' });
  expect([again.status, again.headers.get('location')]).toEqual([303, `http://localhost:${portalPort}/pay`]);
});

/** The whole programs of the page, and how to run them. C# is only read: there is no compiler for it everywhere. */
const PROGRAMS: [string, string, (file: string, port: number) => [string, string[]]][] = [
  ['js', 'portal.mjs', (file) => [process.execPath, [file]]],
  ['php', 'portal.php', (file, port) => ['php', ['-S', `localhost:${port}`, file]]],
  ['python', 'portal.py', (file) => ['python3', [file]]],
];

/** Starts a program of the page. @returns what it prints, so far */
async function start(
  language: string,
  file: string,
  [program, options]: [string, string[]],
  env: Record<string, string>,
) {
  const { folder } = demo.place;
  writeFileSync(join(folder, file), blocks(language)[0] ?? '');
  const all = plainEnvironment({ PORT: String(portalPort), ...env });
  const child = spawn(program, options, { cwd: folder, env: all, stdio: ['ignore', 'pipe', 'pipe'] });
  portal = child;
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += String(part)));
  const answers = () =>
    fetch(`http://localhost:${portalPort}/`).then(
      ({ status }) => status,
      () => 0,
    );
  await expect.poll(answers, { timeout: 20_000 }).toBe(200);
  return () => output;
}
async function stop() {
  if (portal === undefined) return;
  const exited = once(portal, 'exit');
  portal.kill();
  await exited;
}
const keyIn = (folder: string) =>
  (JSON.parse(readFileSync(join(folder, 'api-key.json'), 'utf8')) as { key: string }).key;

describe.each(PROGRAMS)('the portal in %s', (language, file, command) => {
  test('takes its user to the bill, and once more', async () => {
    portalPort = await freePort();
    const { folder, port } = demo.place;
    const ofPortal = ['biller', 'update', 'riverton-water', '--portal-url', `http://localhost:${portalPort}/`, '--yes'];
    await promisify(execFile)('./ic-idp', ofPortal, {
      cwd: folder,
      env: plainEnvironment({ DATA_DIR: 'data/demo', PORT: String(port) }),
    });
    await start(language, file, command(file, portalPort), { API_KEY: keyIn(folder), IDP: demo.facts.idp });
    const address = `http://localhost:${portalPort}/`;
    const answer = await fetch(`${address}pay`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([303, 'no-store']);
    expect(answer.headers.get('location')).toMatch(new RegExp(`^${demo.facts.idp}/launch/t/[\\w-]{43}$`));
    const browser = await demo.newPage();
    for (let times = 0; times < 2; times += 1) {
      await browser.goto(address);
      await browser.getByText('Pay my bill').click();
      await browser.getByText('101Invoice').first().waitFor();
      expect(new URL(browser.url()).origin).toBe(demo.facts.sandbox);
    }
    await stop();
  });

  test.each<[string, (response: ServerResponse) => void, RegExp]>([
    [
      'refuses',
      (response) =>
        response
          .writeHead(401, { 'content-type': 'application/problem+json' })
          .end('{"code":"api_key_refused","detail":"it is revoked","reference":"one-two-three"}'),
      /401.*api_key_refused.*one-two-three/,
    ],
    ['is hidden by a page of a proxy', (response) => response.writeHead(502).end('<h1>Bad gateway</h1>'), /502/],
    ['hangs up', (response) => response.destroy(), /no answer|fetch failed|terminated/i],
  ])('shows a page and logs why when the service %s', async (_what, answer, line) => {
    const service = createServer((_request, response) => answer(response));
    await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
    const idp = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
    const key = `icidp_0123456789ab_${'k'.repeat(43)}`;
    portalPort = await freePort();
    const printedBy = await start(language, file, command(file, portalPort), { API_KEY: key, IDP: idp });
    const page = await fetch(`http://localhost:${portalPort}/pay`);
    expect([page.status, await page.text()]).toEqual([503, expect.stringContaining('can’t be shown right now')]);
    await expect.poll(printedBy).toMatch(line);
    expect(printedBy()).not.toContain(key);
    await stop();
    service.close();
  });
});

test('the portal in C# is C#, and calls the same with the same', async () => {
  await Parser.init();
  const grammar = createRequire(import.meta.url).resolve('tree-sitter-c-sharp/tree-sitter-c_sharp.wasm');
  const parser = new Parser();
  parser.setLanguage(await Language.load(grammar));
  const text = blocks('csharp')[0] ?? '';
  const faults = (program: string) => {
    const root = parser.parse(program)?.rootNode;
    return root === undefined || root.hasError ? (root?.toString().match(/\((ERROR|MISSING)/g) ?? ['no program']) : [];
  };
  expect(faults(text)).toEqual([]);
  expect(faults(text.replace('app.Run();', 'app.Run('))).not.toEqual([]);
  for (const part of [
    '/api/launches',
    'Idempotency-Key',
    'Bearer',
    'returnUrl',
    'refreshUrl',
    'no-store',
    'FromSeconds(10)',
  ]) {
    expect(text).toContain(part);
  }
});
