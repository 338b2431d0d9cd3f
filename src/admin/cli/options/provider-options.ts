import type { Command } from 'commander';
import { isUrl, readInput, readSpMetadataSource } from '../read-sp-metadata.ts';

/** The options that describe a Service Provider, as commander reads them. */
export interface ProviderOptions {
  readonly name?: string;
  readonly spMetadata?: string;
  readonly entityId?: string;
  readonly acs?: string[];
  readonly spCertificate?: string[];
  readonly spEncryptionCertificate?: string[];
  readonly json?: boolean;
}

const collect = (value: string, all: string[] = []) => [...all, value];

/** Adds the options that describe a Service Provider: its metadata, or the parts by hand. */
export function addProviderOptions(command: Command): Command {
  return command
    .option('--sp-metadata <file|url>', "Invoice Cloud's SP metadata for this biller")
    .option('--entity-id <id>', 'entity ID of the Service Provider, if there is no metadata')
    .option('--acs <url>', 'ACS URL of the Service Provider, if there is no metadata; repeatable', collect)
    .option('--sp-certificate <file>', 'certificate that it signs requests with (PEM); repeatable', collect)
    .option('--sp-encryption-certificate <file>', 'certificate to encrypt assertions with (PEM); repeatable', collect);
}

/** Reads the files and URLs that the options name. @returns the input of an operation @throws InputError */
export async function providerInput(options: ProviderOptions) {
  const { name, spMetadata, entityId, acs, spCertificate = [], spEncryptionCertificate = [] } = options;
  return {
    name,
    spMetadata: spMetadata === undefined ? undefined : await readSpMetadataSource(spMetadata),
    metadataUrl: spMetadata !== undefined && isUrl(spMetadata) ? spMetadata : undefined,
    entityId,
    acs,
    spCertificates: await Promise.all(spCertificate.map((file) => readInput('--sp-certificate', file))),
    spEncryptionCertificates: await Promise.all(
      spEncryptionCertificate.map((file) => readInput('--sp-encryption-certificate', file)),
    ),
  };
}
