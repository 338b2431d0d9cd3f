import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestStorage, type TestStorage } from '../../support/postgres/storage.ts';
import { runCli } from '../../support/programs/cli.ts';
import { endService, type ServiceProcess, startService } from '../../support/programs/service.ts';
import { opensslKey } from '../../support/saml/xmlsec-signer.ts';
import { providerMetadata } from './provider.ts';

let storage: TestStorage;
let web: Server;
let url: string;
let env: Record<string, string>;
let document = providerMetadata();
let service: ServiceProcess | undefined;
beforeAll(async () => {
  storage = await createTestStorage();
  const { privateKeyPem: key, certificatePem: cert } = opensslKey('rsa:2048', '-addext', 'subjectAltName=IP:127.0.0.1');
  writeFileSync(join(storage.folder, 'ca.pem'), cert);
  web = createServer({ key, cert }, (_request, response) => response.end(document)).listen(0, '127.0.0.1');
  await once(web, 'listening');
  url = `https://127.0.0.1:${(web.address() as AddressInfo).port}/metadata`;
  env = { ...storage.environment, NODE_EXTRA_CA_CERTS: join(storage.folder, 'ca.pem') };
});
afterAll(async () => {
  if (service !== undefined) await endService(service);
  web?.closeAllConnections();
  web?.close();
  await storage?.remove();
});
const run = (...args: string[]) => runCli(['biller', ...args], { folder: storage.folder, env });

test('the service watches a Service Provider over TLS; an operator looks and takes the change over', async () => {
  const guid = '0f8fad5b-d9cb-469f-a165-70867728950e';
  const added = await run(
    'add',
    'riverton',
    '--name',
    'Riverton',
    '--guid',
    guid,
    '--sp-metadata',
    url,
    '--key-type',
    'EC-P256',
  );
  expect(added).toMatchObject({ code: 0 });
  document = providerMetadata({ acs: 'https://sp.example/new-acs' });

  service = await startService(env, storage.folder);
  await service.logged("riverton: the Service Provider's metadata has changed: acs");
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  expect(metrics).toContain('ic_idp_service_provider_findings_total{finding="metadata_changed"} 1');

  expect(await run('refresh', 'riverton')).toEqual({
    code: 1,
    stderr: '',
    stdout: [
      "riverton: the Service Provider's metadata has changed: acs",
      'acs',
      '  before  0: https://sp.example/acs (default)',
      '  after   0: https://sp.example/new-acs (default)',
      'Take it over: ic-idp biller update riverton --reread-metadata',
      '',
    ].join('\n'),
  });
  expect(await run('update', 'riverton', '--reread-metadata', '--yes')).toMatchObject({ code: 0 });
  expect(await run('refresh', '--all')).toEqual({ code: 0, stderr: '', stdout: 'riverton: as registered\n' });
  expect(await run('refresh')).toMatchObject({ code: 2 });
  expect(await run('refresh', 'nobody')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no biller "nobody"'),
  });
});
