import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { layEmbeddedDatabase } from '../../../../support/postgres/embedded-template.ts';
import { runCli, workingFolder } from '../../../../support/programs/cli.ts';
import { endService, type ServiceProcess, startService } from '../../../../support/programs/service.ts';
import { makeSigningKey } from '../../../../support/saml/saml.ts';

/** Makes a command believe that it runs at a terminal; standard input is what the operator types. */
const AT_A_TERMINAL = { NODE_OPTIONS: '--import=data:text/javascript,process.stdin.isTTY=true' };
const OLD = 'https://sp.example/old';
const NEW = 'https://sp.example/new';

let work: ReturnType<typeof workingFolder>;
let env: Record<string, string>;
let service: ServiceProcess;
/** SP metadata, served as a Service Provider would. */
const served = createServer((_request, response) => response.end(document(servedAcs)));
let servedAcs: string;
let url: string;
let certificate: string;
let fingerprint: string;
let slug: string;
let count = 0;

const document = (acs: string, use = '') => `
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="https://sp.example/metadata">
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    ${acs === OLD ? '' : `<KeyDescriptor ${use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>`}
    <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${acs}" index="0"/>
  </SPSSODescriptor></EntityDescriptor>`;

const run = (args: readonly string[], typed = '', more: Record<string, string> = {}) =>
  runCli(['biller', ...args], { folder: work.folder, env: { ...env, ...more } }, typed);
const update = (...more: string[]) => run(['update', slug, ...more]);
const updateAtTerminal = (typed: string, ...more: string[]) => run(['update', slug, ...more], typed, AT_A_TERMINAL);
/** The address that Responses would go to afterwards. */
const acsNow = async () => {
  const { stdout } = await run(['show', slug, '--json']);
  return (JSON.parse(stdout) as { serviceProvider: { acs: { url: string }[] } }).serviceProvider.acs[0]?.url;
};
const SHOWN = `acs\n  before  0: ${OLD} (default)\n  after   0: ${NEW} (default)\n`;

beforeAll(async () => {
  work = workingFolder();
  env = { PUBLIC_URL: 'https://idp.example', DATA_DIR: join(work.folder, 'data') };
  await once(served.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(served.address() as AddressInfo).port}/metadata`;
  certificate = (await makeSigningKey('EC-P256')).signer.certificate;
  fingerprint = new X509Certificate(Buffer.from(certificate, 'base64')).fingerprint256;
  writeFileSync(join(work.folder, 'new.xml'), document(NEW, 'use="signing"'));
  await layEmbeddedDatabase(join(work.folder, 'data'));
  service = await startService(env, work.folder);
});
afterAll(async () => {
  await endService(service);
  served.close();
  work.remove();
});
// The next test's biller has the same Service Provider.
afterEach(() => run(['remove', slug, '--yes']));
beforeEach(async () => {
  count += 1;
  slug = `biller-${count}`;
  servedAcs = OLD;
  const guid = crypto.randomUUID();
  const provider = ['--sp-metadata', url, '--key-type', 'EC-P256'];
  const added = await run(['add', slug, '--name', 'Riverton', '--guid', guid, ...provider]);
  expect(added).toMatchObject({ code: 0, stderr: '' });
});

test('without a terminal, the change is shown and refused', async () => {
  for (const { code, stdout, stderr } of [
    await update('--sp-metadata', 'new.xml'),
    await update('--sp-metadata', 'new.xml', '--json'),
    // With --json it never asks, even at a terminal.
    await updateAtTerminal('y\n', '--sp-metadata', 'new.xml', '--json'),
  ]) {
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(SHOWN);
    expect(stderr).toContain(fingerprint);
    expect(stderr).toContain('Nothing was done; confirm it with --yes.');
    expect(stderr).not.toContain('Change it?');
  }
  expect(await acsNow()).toBe(OLD);
});

test.each(['n\n', '\n', 'yesterday\n', ''])('the answer %j changes nothing', async (typed) => {
  const { code, stdout, stderr } = await updateAtTerminal(typed, '--sp-metadata', 'new.xml');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(SHOWN);
  expect(stderr).toMatch(/\nChange it\? \[y\/N\] .*error: It was not confirmed\. Nothing was changed\.\n$/s);
  expect(await acsNow()).toBe(OLD);
});

test.each(['y\n', 'YES\n'])('the answer %j makes the change', async (typed) => {
  const { code, stdout, stderr } = await updateAtTerminal(typed, '--sp-metadata', 'new.xml');
  expect(code).toBe(0);
  expect(stderr).toContain(SHOWN);
  expect(stdout).toContain(`SP ACS 0         ${NEW} (default)\n`);
  expect(await acsNow()).toBe(NEW);
});

test('with --yes it does not ask, but still shows the change', async () => {
  const { code, stdout, stderr } = await updateAtTerminal('n\n', '--sp-metadata', 'new.xml', '--yes');
  expect(code).toBe(0);
  expect(stderr).toContain(SHOWN);
  expect(stderr).toContain(fingerprint);
  expect(stderr).not.toContain('Change it?');
  expect(stdout).toMatch(/^Biller /);
  expect(await acsNow()).toBe(NEW);
});

test('the JSON lists the changes to the Service Provider and the settings', async () => {
  const { stdout, stderr } = await update('--sp-metadata', 'new.xml', '--yes', '--json');
  expect(stderr).toContain(SHOWN);
  const { differences, serviceProvider } = JSON.parse(stdout);
  expect(differences).toContainEqual({ what: 'acs', before: `0: ${OLD} (default)`, after: `0: ${NEW} (default)` });
  expect(serviceProvider.certificates).toEqual([
    { use: 'signing', fingerprintSha256: fingerprint, validTo: expect.stringMatching(/^20.+Z$/) },
  ]);
  expect(JSON.parse((await update('--clock-skew', '90', '--json')).stdout).differences).toEqual([
    { what: 'clockSkewSeconds', before: '60', after: '90' },
  ]);
});

test('rereads metadata from its original URL, and then shows the new certificate', async () => {
  expect(await update('--reread-metadata')).toMatchObject({ code: 0, stderr: 'Nothing has changed.\n' });
  expect((await run(['show', slug])).stdout).not.toContain('SP certificate');
  servedAcs = NEW;
  expect((await update('--reread-metadata')).code).toBe(2);
  expect(await acsNow()).toBe(OLD);
  const done = await update('--reread-metadata', '--yes');
  expect(done.code).toBe(0);
  expect(done.stderr).toContain(SHOWN);
  expect(await acsNow()).toBe(NEW);
  expect((await run(['show', slug])).stdout).toMatch(
    new RegExp(`\nSP certificate   signing and encryption, valid to 20\\d\\d-\\d\\d-\\d\\d, SHA-256 ${fingerprint}\n`),
  );
});
