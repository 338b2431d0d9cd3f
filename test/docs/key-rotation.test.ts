import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateServiceProviderMetadata } from '@node-saml/node-saml';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createRelyingParty } from '../rotation/relying-party.ts';
import { layEmbeddedDatabase } from '../support/postgres/embedded-template.ts';
import { ofCheckout, plainEnvironment, workingFolder } from '../support/programs/cli.ts';
import { endService, type ServiceProcess, startService } from '../support/programs/service.ts';
import { readPage } from './pages.ts';

/**
 * The steps on the page, in order: shell blocks with the output shown below them, and what Invoice Cloud does, in
 * sentences that begin with “Invoice Cloud”.
 */
const PAGE =
  /^```sh\n(?<command>[\s\S]*?)^```\n(?:\n```text\n(?<shown>[\s\S]*?)^```\n)?|^\*\*(?<other>Invoice Cloud .*?)\*\*/gm;
interface Step {
  readonly step: string;
  readonly command?: string;
  readonly shown?: string;
  readonly other?: string;
}
const steps: Step[] = [...readPage('docs/key-rotation.md').matchAll(PAGE)].map(({ groups = {} }) => ({
  step: groups.other ?? groups.command ?? '',
  ...groups,
}));

const { folder, remove } = workingFolder();
let service: ServiceProcess;
let settings: Record<string, string>;
const entityId = 'https://sso.invoicecloud.example/riverton-water';
const refetches = createRelyingParty('refetches', entityId, `${entityId}/acs`);
const pins = createRelyingParty('pins', entityId, `${entityId}/acs`);
/** The address that the last command printed, to save in the form. */
let handedOver = '';

/** What differs from one run to the next. */
const settle = (output: string) =>
  output
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<fingerprint>')
    .replaceAll(/\b[0-9a-f]{16}\b/g, '<begin>')
    .replaceAll(/\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+Z)?/g, '<time>')
    .replaceAll(/\b20\d\d-\d\d-\d\d\b/g, '<date>')
    .replaceAll(/one-time=[\w-]+/g, 'one-time=<token>')
    .replaceAll(/http:\/\/localhost:\d+/g, '<service>')
    .replaceAll(/https:\/\/sso\.riverton\.example/g, '<service>')
    .replaceAll(/\bfrom [\d.]+, .*/g, 'from <somewhere>')
    .replaceAll(/\bby [\d.]+ \([^)]*\)/g, 'by <somebody>')
    .replaceAll(/[0-9a-f-]{36}/g, '<guid>')
    .replaceAll(/^\d+ secrets/gm, '<number> secrets')
    .replaceAll(/^(Sealed with the first +)\d+$/gm, '$1<number>');

beforeAll(async () => {
  symlinkSync(ofCheckout('ic-idp'), join(folder, 'ic-idp'));
  mkdirSync(join(folder, 'metadata'));
  const metadata = generateServiceProviderMetadata({ issuer: entityId, callbackUrl: `${entityId}/acs` });
  writeFileSync(join(folder, 'metadata', 'riverton-water-sp.xml'), metadata);
  writeFileSync(join(folder, 'passphrase.txt'), `${randomBytes(12).toString('hex')}\n`);
  settings = { DATA_DIR: join(folder, 'data') };
  await layEmbeddedDatabase(join(folder, 'data'));
  service = await startService(settings, folder);
  settings.PUBLIC_URL = `http://localhost:${service.port}`;
  const guid = crypto.randomUUID();
  for (const [slug, id] of [
    ['riverton-water', guid],
    ['lakeside-gas', crypto.randomUUID()],
  ] as const) {
    const source = 'metadata/riverton-water-sp.xml';
    run(`./ic-idp biller add ${slug} --name "${slug}" --guid ${id} --sp-metadata ${source} --yes`);
  }
});
afterAll(async () => {
  await endService(service);
  remove();
});

function run(command: string) {
  const env = plainEnvironment(settings);
  return spawnSync('sh', ['-c', command], { cwd: folder, env, encoding: 'utf8' });
}

/** Does what a sentence on the page says that Invoice Cloud does. */
async function otherSide(sentence: string): Promise<void> {
  const metadata = `${service.url}/saml/riverton-water/metadata`;
  if (sentence.includes('reads the metadata URL again')) {
    await refetches.save(metadata);
    // A fetch is recorded once it is known whether it was cut off.
    await vi.waitUntil(() => run('./ic-idp key fetches riverton-water --json').stdout.includes('relying-party'), {
      timeout: 20_000,
    });
    return;
  }
  if (sentence.includes('saves the form with that address')) {
    return pins.save(`${service.url}${new URL(handedOver).pathname}${new URL(handedOver).search}`);
  }
  if (sentence.includes('saves the form again with the metadata URL')) return pins.save(metadata);
  throw new Error(`this test can't do for Invoice Cloud: ${sentence}`);
}

describe('the runbook works word for word', () => {
  test('it has commands of every chapter', () => {
    expect(steps.length).toBeGreaterThan(20);
  });

  test.each(steps)('$step', async ({ command, shown, other }) => {
    if (other !== undefined) return otherSide(other);
    const { status, stdout, stderr } = run(command ?? '');
    expect(stderr).toBe('');
    expect(status).toBe(0);
    handedOver = /http\S+one-time=\S+/.exec(stdout)?.[0] ?? handedOver;
    if (shown !== undefined) expect(settle(stdout)).toBe(settle(shown));
  });

  test('at the end Invoice Cloud has the active certificate', () => {
    const [active] = JSON.parse(run('./ic-idp key status riverton-water --json').stdout) as {
      active: { fingerprint: string };
    }[];
    expect(pins.kept()).toEqual([active?.active.fingerprint]);
  });
});
