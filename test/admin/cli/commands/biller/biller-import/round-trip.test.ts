import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { billersAsCsv } from '../../../../../../src/admin/cli/commands/biller/biller-csv.ts';
import { checkFile } from '../../../../../../src/admin/cli/commands/biller/biller-import/check.ts';
import { readCsv } from '../../../../../../src/admin/cli/csv/read-csv.ts';
import type { Run } from '../../../../../../src/admin/cli/operate.ts';
import { workingFolder } from '../../../../../support/programs/cli.ts';
import { makeSigningKey } from '../../../../../support/saml/saml.ts';
import { useStage } from '../../../../../support/stage.ts';
import { guidOf, spMetadata } from './files.ts';

const stage = useStage({ biller: 'plain', billerInput: { keyType: 'EC-P256' } });
let work: ReturnType<typeof workingFolder>;
let web: Server;
let address: string;
beforeAll(async () => {
  work = workingFolder();
  web = createServer((request, response) => response.end(spMetadata((request.url ?? '').slice(1))));
  await new Promise<void>((listening) => web.listen(0, '127.0.0.1', listening));
  address = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
});
afterAll(() => {
  web?.close();
  work?.remove();
});

/** Settings that differ from every default. */
const UNUSUAL = {
  emailClaim: { name: 'urn:oid:0.9.2342.19200300.100.1.3', nameFormat: 'uri', friendlyName: 'mail' },
  loginTypeClaim: { name: 'Type', nameFormat: 'unspecified' },
  accountNumberClaim: null,
  constantClaims: [{ name: 'Tenant', nameFormat: 'basic', values: ['river, ton', '=1+1'] }],
  accounts: 'all',
  defaultLoginType: 3,
  loginTypes: { owner: 1, 'co-owner': 5 },
  nameIdFormat: 'persistent',
  sign: 'assertion',
  requestSignature: 'if-present',
  encrypt: 'never',
  encryptionAlgorithm: 'aes128-gcm',
  unsolicited: true,
  unsolicitedRelayState: '-start',
  signMetadata: true,
  rotation: 'switch-on-fetch',
  monitors: ['Nagios', '10.0.0.0/8'],
  metadataClients: ['203.0.113.7'],
  stageDaysBefore: 90,
  expiredKey: 'refuse',
  viewMode: 1,
  redirectLinkBase: 'https://sso.other.example',
  acsRedirectOrigins: ['https://a.example', 'https://b.example'],
  portalUrl: 'https://portal.example/pay',
  furtherPortalUrls: ['https://other-portal.example/'],
  contactUrl: 'https://riverton.example/help#pay',
  contactEmail: 'billing@riverton.example',
  contactPhone: '+1 (555) 010-0100',
  privacyUrl: 'https://riverton.example/privacy',
  assertionLifetimeSeconds: 120,
  clockSkewSeconds: 30,
  requestMaxAgeSeconds: 600,
  relayStateMaxBytes: 2048,
  sessionIdleMinutes: 20,
  sessionLifetimeMinutes: 120,
};

test('billers that are listed as CSV are there already when the file is imported', async () => {
  const { certificatePem } = await makeSigningKey('EC-P256');
  const other = await makeSigningKey('RSA-2048');
  await stage.addBiller('unusual', {
    name: '=HYPERLINK("https://evil.example")',
    billerGuid: guidOf(1),
    acs: ['https://sp.example/acs', 'https://sp.example/acs2'],
    spCertificates: [certificatePem, other.certificatePem],
    spEncryptionCertificates: [other.certificatePem],
    settings: UNUSUAL,
  });
  const metadataUrl = `${address}/from-url`;
  const settings = { refreshMetadata: 'signed', metadataSigningCertificates: [certificatePem, other.certificatePem] };
  await stage.addBiller('from-url', { spMetadata: spMetadata('from-url'), metadataUrl, settings });
  const sheets = (await stage.installation.operate('biller.sheets', {})) as Parameters<typeof billersAsCsv>[0];
  const csv = billersAsCsv(sheets);
  expect(csv).toContain(`"'=HYPERLINK(""https://evil.example"")"`);

  const [heading, ...records] = readCsv(csv);
  const cell = (position: number, column: string) => records[position]?.fields[heading?.fields.indexOf(column) ?? -1];
  const plain = sheets.find(({ slug }) => slug === 'plain');
  expect(cell(1, 'slug')).toBe('plain');
  expect(cell(1, 'idp-metadata-url')).toBe('https://idp.example/saml/plain/metadata');
  expect(cell(1, 'idp-certificate-sha256')).toBe(plain?.certificate?.fingerprintSha256);
  expect(cell(1, 'idp-certificate-sha1')).toBe(plain?.certificate?.fingerprintSha1);
  expect(cell(1, 'email-claim')).toBe('Email:basic');

  const file = join(work.folder, 'listed.csv');
  writeFileSync(file, csv);
  const { rows, problems } = await checkFile(stage.installation.operate as Run, file, false);
  expect(problems).toEqual([]);
  expect(rows.map(({ planned }) => [planned.slug, planned.state, planned.differences])).toEqual([
    ['from-url', 'there', []],
    ['plain', 'there', []],
    ['unusual', 'there', []],
  ]);
});

test('a Service Provider that was read from a file must be given again, and its values are shown', async () => {
  const document = spMetadata('from-file').replace('<Assertion', '<NameIDFormat>urn:x</NameIDFormat><Assertion');
  await stage.addBiller('from-file', { spMetadata: document });
  const sheets = (await stage.installation.operate('biller.sheets', {})) as Parameters<typeof billersAsCsv>[0];
  const file = join(work.folder, 'files.csv');
  writeFileSync(file, billersAsCsv(sheets.filter(({ slug }) => slug === 'from-file')));
  const { problems } = await checkFile(stage.installation.operate as Run, file, false);
  expect(problems.map(({ problem }) => problem)).toEqual([
    'The Service Provider is missing. Give sp-metadata, or entity-id and acs.',
  ]);
  expect(billersAsCsv(sheets)).toContain('https://sp.example/from-file/acs');
});
