import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateServiceProviderMetadata } from '@node-saml/node-saml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { layEmbeddedDatabase } from '../support/postgres/embedded-template.ts';
import { ofCheckout, plainEnvironment, workingFolder } from '../support/programs/cli.ts';
import { readPage } from './pages.ts';

/** Every shell block on the page, with the output shown right below it, if any. */
const steps = [
  ...readPage('docs/onboarding.md').matchAll(/^```sh\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm),
].map(([, command = '', shown]) => ({ command, shown }));

/** Replaces what differs between installations or days. */
const settle = (output: string) =>
  output
    .replaceAll(/(?:[0-9A-F]{2}:){19,}[0-9A-F]{2}/g, (fingerprint) => fingerprint.replaceAll(/[0-9A-F]/g, 'F'))
    .replaceAll(/\b20\d\d-\d\d-\d\d\b/g, '<date>');

const { folder, remove } = workingFolder();
const settings = {
  PUBLIC_URL: 'https://sso.riverton.example',
  MASTER_KEY: randomBytes(32).toString('base64'),
};

beforeAll(async () => {
  // The service was started once.
  await layEmbeddedDatabase(join(folder, 'data'));
  symlinkSync(ofCheckout('ic-idp'), join(folder, 'ic-idp'));
  mkdirSync(join(folder, 'metadata'));
  writeFileSync(
    join(folder, 'metadata', 'riverton-water-sp.xml'),
    generateServiceProviderMetadata({
      issuer: 'https://sso.invoicecloud.example/riverton-water',
      callbackUrl: 'https://sso.invoicecloud.example/riverton-water/acs',
      wantAssertionsSigned: true,
    }),
  );
  writeFileSync(join(folder, 'password.txt'), 'correct horse battery staple\n');
});
afterAll(remove);

/** Runs a block as if pasted into a shell. */
function run(command: string) {
  return spawnSync('sh', ['-c', command], {
    cwd: folder,
    env: plainEnvironment(settings),
    encoding: 'utf8',
  });
}

describe('the onboarding page works word for word', () => {
  test('it has commands, and shows what most of them print', () => {
    expect(steps.length).toBeGreaterThanOrEqual(6);
    expect(steps.filter(({ shown }) => shown !== undefined).length).toBeGreaterThanOrEqual(4);
  });

  // In order: each step builds on the ones before it.
  test.each(steps)('$command', ({ command, shown }) => {
    const { status, stdout, stderr } = run(command);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    if (shown !== undefined) expect(settle(stdout)).toBe(settle(shown));
  });
});
