import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSpMetadataSource } from '../../../src/admin/cli/read-sp-metadata.ts';
import { readSpMetadata } from '../../../src/protocols/saml/sp-metadata/sp-metadata.ts';
import { workingFolder } from '../../support/programs/cli.ts';

const XML = `<?xml version="1.0"?><EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example/é">
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs" index="0"/>
  </SPSSODescriptor></EntityDescriptor>`;
const utf16 = Buffer.from(`\uFEFF${XML}`, 'utf16le');
const documents: Record<string, Buffer> = {
  'UTF-8': Buffer.from(XML),
  'UTF-8 with a byte order mark': Buffer.from(`\uFEFF${XML}`),
  'UTF-16, as Windows writes it': utf16,
  'UTF-16, big-endian': Buffer.from(utf16).swap16(),
};

let work: ReturnType<typeof workingFolder>;
beforeAll(() => {
  work = workingFolder();
});
afterAll(() => work.remove());

test.each(Object.keys(documents))(
  'SP metadata in %s is read from a file and from an address (XML 1.0, 4.3.3)',
  async (kind) => {
    const document = documents[kind] ?? Buffer.alloc(0);
    const file = join(work.folder, 'sp.xml');
    writeFileSync(file, document);
    const server = createServer((_request, response) => response.end(document)).listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const { port } = server.address() as AddressInfo;
    try {
      for (const source of [file, `http://127.0.0.1:${port}/`]) {
        expect(readSpMetadata(await readSpMetadataSource(source), Date.now()).entityId).toBe('https://sp.example/é');
      }
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },
);

test('half a character at the end of a UTF-16 file does no harm', async () => {
  const file = join(work.folder, 'odd.xml');
  for (const document of [utf16, Buffer.from(utf16).swap16()]) {
    writeFileSync(file, Buffer.concat([document, Buffer.of(0x20)]));
    const read = await readSpMetadataSource(file);
    expect(readSpMetadata(read, Date.now()).entityId).toBe('https://sp.example/é');
  }
});
