import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const METADATA = 'urn:oasis:names:tc:SAML:2.0:metadata';

interface Parts {
  readonly entityId?: string;
  readonly acs?: string;
  /** DER in base64. */
  readonly certificate?: string | undefined;
  /** Attributes of the EntityDescriptor, e.g. ` ID="_1"`. */
  readonly attributes?: string;
  /** XML at the beginning of the EntityDescriptor, e.g. a signature. */
  readonly signature?: string;
}

/** SP metadata in which each part can be changed. */
export function providerMetadata({
  entityId = 'https://sp.example',
  acs = 'https://sp.example/acs',
  ...parts
}: Parts = {}) {
  const { certificate, attributes = '', signature = '' } = parts;
  const key =
    certificate === undefined
      ? ''
      : `<KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>`;
  return (
    `<EntityDescriptor xmlns="${METADATA}" entityID="${entityId}"${attributes}>${signature}` +
    `<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${key}` +
    `<AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${acs}" index="0"/>` +
    '</SPSSODescriptor></EntityDescriptor>'
  );
}

/** A Service Provider's web server, whose documents a test replaces; and whatever is posted to it. */
export interface ProviderServer {
  readonly url: string;
  /** Answers with a document, with a status, or not at all. */
  answer: string | number | 'silence';
  fetches: number;
  readonly posted: Record<string, string>[];
  close(): void;
}

export async function startProvider(): Promise<ProviderServer> {
  const server: Server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      provider.posted.push(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>);
      response.end();
      return;
    }
    provider.fetches += 1;
    const { answer } = provider;
    if (answer === 'silence') request.socket.destroy();
    else if (typeof answer === 'number') response.writeHead(answer, { location: '/elsewhere' }).end();
    else response.end(answer);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const provider: ProviderServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metadata`,
    answer: providerMetadata(),
    fetches: 0,
    posted: [],
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return provider;
}
