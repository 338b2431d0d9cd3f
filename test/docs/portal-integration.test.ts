import { execFile } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { settingsSchema } from '../../src/config.ts';
import { type OpenDemo, openDemo } from '../e2e/demo-in-browser.ts';
import { ofCheckout, plainEnvironment } from '../support/programs/cli.ts';
import { freePort } from '../support/programs/free-port.ts';
import { blocksIn, PROGRAMS, putProgram, type RunningPortal, startPortal } from './portal-programs.ts';

/** Where the demo is, unless told otherwise. */
const DEMO_PORT = settingsSchema.shape.PORT.parse(undefined);

let demo: OpenDemo;
let portalPort: number;
let portal: RunningPortal | undefined;
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
  const script = blocksIn('sh').join('\necho "---"\n');
  const env = plainEnvironment({ PORT: String(port) });
  const { stdout } = await promisify(execFile)('sh', ['-e', '-c', here(script)], { cwd: folder, env });
  printed = stdout.split('---\n');
});
afterEach(() => portal?.stop());
afterAll(() => demo?.close());

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

const keyIn = (folder: string) =>
  (JSON.parse(readFileSync(join(folder, 'data/demo/api-key.json'), 'utf8')) as { key: string }).key;

test.each(PROGRAMS)('the portal in $language takes its user to the bill, and once more', async (program) => {
  portalPort = await freePort();
  const { folder, port } = demo.place;
  const ofPortal = ['biller', 'update', 'riverton-water', '--portal-url', `http://localhost:${portalPort}/`, '--yes'];
  await promisify(execFile)('./ic-idp', ofPortal, {
    cwd: folder,
    env: plainEnvironment({ DATA_DIR: 'data/demo', PORT: String(port) }),
  });
  await putProgram(program, folder);
  const env = { API_KEY: keyIn(folder), IDP: demo.facts.idp };
  portal = await startPortal(program, folder, env, portalPort);
  const answer = await fetch(`${portal.url}pay`, { redirect: 'manual' });
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([303, 'no-store']);
  const location = answer.headers.get('location') ?? '';
  expect(location).toMatch(new RegExp(`^${demo.facts.idp}/launch/t/[\\w-]{43}$`));
  // The service takes it and sends the browser on.
  const launched = await fetch(location, { redirect: 'manual', headers: { referer: portal.url } });
  expect(launched.status).toBe(303);
  const browser = await demo.newPage();
  for (let times = 0; times < 2; times += 1) {
    await browser.goto(portal.url);
    await browser.getByText('Pay my bill').click();
    await browser.getByText('101Invoice').first().waitFor();
    expect(new URL(browser.url()).origin).toBe(demo.facts.sandbox);
  }
});
