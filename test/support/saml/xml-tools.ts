import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The output of a program. */
export interface ToolAnswer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. @throws Error if it is not installed */
export function runTool(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ToolAnswer {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (error !== undefined) throw new Error(`${command} can't be run: install it (see README)`, { cause: error });
  return { status: status ?? -1, stdout, stderr };
}

/** Runs something on documents in temporary files. */
export function withFiles<T>(
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (path: (name: string) => string) => T,
): T {
  const folder = mkdtempSync(join(tmpdir(), 'ic-idp-xml-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return use((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns the exclusive canonical form of a document by libxml2 */
export function libxmlCanonicalForm(xml: string): string {
  const { status, stdout, stderr } = withFiles({ 'document.xml': xml }, (path) =>
    runTool('xmllint', ['--nonet', '--exc-c14n', path('document.xml')]),
  );
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Schemas from outside that those of SAML import by their address, and where xmltooling-schemas puts them. */
const CATALOG = `<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">${[
  ['http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd', 'xmldsig-core-schema.xsd'],
  ['http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/xenc-schema.xsd', 'xenc-schema.xsd'],
  ['http://www.w3.org/2001/xml.xsd', 'xml.xsd'],
]
  .map(([address, file]) => `<system systemId="${address}" uri="file:///usr/share/xml/xmltooling/${file}"/>`)
  .join('')}</catalog>`;

/** The schemas that a document may need: SAML's own, and those for its extension points. */
const SCHEMAS = {
  protocol: {
    'urn:oasis:names:tc:SAML:2.0:protocol': 'opensaml/saml-schema-protocol-2.0.xsd',
    'http://www.w3.org/2009/xmlenc11#': 'xmltooling/xenc11-schema.xsd',
  },
  metadata: {
    'urn:oasis:names:tc:SAML:2.0:metadata': 'opensaml/saml-schema-metadata-2.0.xsd',
    'urn:oasis:names:tc:SAML:metadata:algsupport': 'opensaml/sstc-saml-metadata-algsupport-v1.0.xsd',
  },
};
const importing = (schemas: Readonly<Record<string, string>>) =>
  `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">${Object.entries(schemas)
    .map(([namespace, file]) => `<xs:import namespace="${namespace}" schemaLocation="file:///usr/share/xml/${file}"/>`)
    .join('')}</xs:schema>`;

/**
 * Validates a document against a schema of SAML 2.0 as OASIS publishes it. Nothing is fetched.
 *
 * @returns xmllint's complaints; empty if it is valid
 */
export function schemaErrors(xml: string, schema: keyof typeof SCHEMAS): string {
  const files = { 'document.xml': xml, 'catalog.xml': CATALOG, 'all.xsd': importing(SCHEMAS[schema]) };
  const { status, stderr } = withFiles(files, (path) =>
    runTool('xmllint', [...['--nonet', '--noout'], ...['--schema', path('all.xsd')], path('document.xml')], {
      XML_CATALOG_FILES: path('catalog.xml'),
    }),
  );
  if (status === 0) return '';
  // 1: not well-formed; 3: not valid. Anything else: xmllint could not do its work, for example find a schema.
  if (status !== 1 && status !== 3) throw new Error(stderr);
  return stderr;
}

/**
 * Verifies a signature with xmlsec1, by the certificate's key and no other.
 *
 * @param parent the element whose signature is meant; without it the first signature of the document
 */
export function xmlsecVerify(
  xml: string,
  certificatePem: string,
  parent?: 'Response' | 'Assertion' | 'EntityDescriptor',
): ToolAnswer {
  const idOf = (element: string) => ['--id-attr:ID', `urn:oasis:names:tc:SAML:2.0:${element}`];
  const node =
    parent === undefined ? [] : ['--node-xpath', `//*[local-name()='${parent}']/*[local-name()='Signature']`];
  return withFiles({ 'document.xml': xml, 'certificate.pem': certificatePem }, (path) =>
    runTool('xmlsec1', [
      '--verify',
      ...['--pubkey-cert-pem', path('certificate.pem')],
      // The key must come from the file, whatever KeyInfo says.
      ...['--enabled-key-data', 'rsa,ec'],
      ...idOf('assertion:Assertion'),
      ...idOf('protocol:Response'),
      ...idOf('metadata:EntityDescriptor'),
      ...node,
      path('document.xml'),
    ]),
  );
}
