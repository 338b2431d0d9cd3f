import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a program said. */
export interface ToolAnswer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. @throws Error where it is not installed */
export function runTool(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ToolAnswer {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (error !== undefined) throw new Error(`${command} can't be run: install it (see README)`, { cause: error });
  return { status: status ?? -1, stdout, stderr };
}

/** Runs something on documents in files of their own, which are removed afterwards. */
export function withFiles<T>(files: Readonly<Record<string, string>>, use: (path: (name: string) => string) => T): T {
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

/** Verifies the first signature of a document with xmlsec1, by the certificate's key and no other. */
export function xmlsecVerify(xml: string, certificatePem: string): ToolAnswer {
  const idOf = (element: string) => ['--id-attr:ID', `urn:oasis:names:tc:SAML:2.0:${element}`];
  return withFiles({ 'document.xml': xml, 'certificate.pem': certificatePem }, (path) =>
    runTool('xmlsec1', [
      '--verify',
      ...['--pubkey-cert-pem', path('certificate.pem')],
      // The key must come from the file, whatever KeyInfo says.
      ...['--enabled-key-data', 'rsa,ec'],
      ...idOf('assertion:Assertion'),
      ...idOf('protocol:Response'),
      path('document.xml'),
    ]),
  );
}
