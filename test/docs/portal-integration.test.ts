import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
  await browser.getByRole('heading', { name: 'AutoPay' }).waitFor();
  expect(await browser.content()).toContain('pat@example.com');
  const again = await fetch(url, { redirect: 'manual' });
  expect([again.status, again.headers.get('location')]).toEqual([303, `http://localhost:${portalPort}/pay`]);
});

test('the portal in Node takes its user to the bill', async () => {
  const { folder } = demo.place;
  writeFileSync(join(folder, 'portal.mjs'), blocks('js')[0] ?? '');
  const { key } = JSON.parse(
    await promisify(execFile)('cat', ['api-key.json'], { cwd: folder }).then(({ stdout }) => stdout),
  );
  const env = plainEnvironment({ API_KEY: key, IDP: demo.facts.idp, PORT: String(portalPort) });
  portal = spawn(process.execPath, ['portal.mjs'], { cwd: folder, env, stdio: ['ignore', 'inherit', 'pipe'] });
  const address = `http://localhost:${portalPort}/`;
  await expect
    .poll(() =>
      fetch(address).then(
        ({ status }) => status,
        () => 0,
      ),
    )
    .toBe(200);
  const browser = await demo.newPage();
  await browser.goto(address);
  await browser.getByText('Pay my bill').click();
  await browser.getByText('101Invoice').first().waitFor();
  expect(new URL(browser.url()).origin).toBe(demo.facts.sandbox);
  // Back at the portal, the same link is another launch.
  await browser.goto(address);
  await browser.getByText('Pay my bill').click();
  await browser.getByText('101Invoice').first().waitFor();
  portal.kill();
  await once(portal, 'exit');
});
