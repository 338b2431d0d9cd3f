import type { Command } from 'commander';
import { readBytes } from '../read-input.ts';
import { isUrl, readSpMetadataSource } from '../read-sp-metadata.ts';
import { textOfCertificateFile } from './certificate-text.ts';

/** The options that describe a Service Provider, as commander reads them. */
export interface ProviderOptions {
  readonly name?: string;
  readonly spMetadata?: string;
  readonly entityId?: string;
  readonly acs?: string[];
  readonly spCertificate?: string[];
  readonly spEncryptionCertificate?: string[];
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** @param option that named the file, for the error @returns the text of a PEM file, or a binary file in base64 */
export async function readCertificateFile(option: string, file: string): Promise<string> {
  return textOfCertificateFile(await readBytes(option, file));
}

const collect = (value: string, all: string[] = []) => [...all, value];

/** Adds the options that describe a Service Provider: its metadata, or the parts by hand. */
export function addProviderOptions(command: Command): Command {
  return command
    .option('--sp-metadata <file|url>', "Invoice Cloud's SP metadata for this biller")
    .option(
      '--entity-id <id>',
      'entity ID of the Service Provider, if there is no metadata; or which one is meant, if the metadata describes many',
    )
    .option('--acs <url>', 'ACS URL of the Service Provider, if there is no metadata; repeatable', collect)
    .option(
      '--sp-certificate <file>',
      'certificates that it signs requests with (PEM, DER or PKCS#7); repeatable',
      collect,
    )
    .option(
      '--sp-encryption-certificate <file>',
      'certificates to encrypt assertions with (PEM, DER or PKCS#7); repeatable',
      collect,
    );
}

/** Reads the files and URLs that the options name. @returns the input of an operation @throws InputError */
export async function providerInput(options: ProviderOptions) {
  const { name, spMetadata, entityId, acs, spCertificate = [], spEncryptionCertificate = [] } = options;
  return {
    name,
    spMetadata: spMetadata === undefined ? undefined : await readSpMetadataSource(spMetadata, entityId !== undefined),
    metadataUrl: spMetadata !== undefined && isUrl(spMetadata) ? spMetadata : undefined,
    entityId,
    acs,
    sameServiceProvider: options.yes,
    spCertificates: await Promise.all(spCertificate.map((file) => readCertificateFile('--sp-certificate', file))),
    spEncryptionCertificates: await Promise.all(
      spEncryptionCertificate.map((file) => readCertificateFile('--sp-encryption-certificate', file)),
    ),
  };
}
