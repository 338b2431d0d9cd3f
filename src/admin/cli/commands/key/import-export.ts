import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { CERTIFICATE_FORMATS, type CertificateFormat } from '../../../../core/keys/certificate-formats.ts';
import type { KeyType } from '../../../../core/keys/key-types.ts';
import { InputError } from '../../../../platform/errors/idp-error.ts';
import { operate } from '../../operate.ts';
import { keyTypeOption } from '../../options/key-type-option.ts';
import { JSON_OPTION, print } from '../../output.ts';
import { readBytes, readFirstLine } from '../../read-input.ts';

const passphraseOf = async ({ passphraseFile: file }: { readonly passphraseFile?: string }) =>
  file === undefined ? undefined : readFirstLine('--passphrase-file', file);

async function write(file: string, bytes: Buffer, mode: number): Promise<void> {
  try {
    await writeFile(file, bytes, { mode, flag: 'wx' });
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new InputError(
      `--out "${file}" can't be written: ${exists ? 'it already exists' : (error as Error).message}.`,
    );
  }
}

/** `ic-idp key request` */
export function requestCommand(): Command {
  return new Command('request')
    .description('Make a key pair and print a certificate request (PKCS#10) for a certificate authority')
    .argument('<biller>', 'slug of the biller')
    .addOption(keyTypeOption('kind of the key').default('RSA-2048'))
    .option('--reason <text>', 'why; written into the audit')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp key request riverton-water > riverton-water.csr')
    .action(async (biller: string, options: { keyType: KeyType; reason?: string; json?: boolean }) => {
      const result = await operate('key.request', { biller, keyType: options.keyType, reason: options.reason });
      print(result, options.json, ({ request }) => request.trimEnd());
    });
}

interface ImportOptions {
  readonly certificate?: string;
  readonly passphraseFile?: string;
  readonly reason?: string;
  readonly json?: boolean;
}

/** `ic-idp key import` */
export function importCommand(): Command {
  return new Command('import')
    .description('Stage a key from elsewhere, or the certificate that was issued for our request')
    .argument('<biller>', 'slug of the biller')
    .argument('[file]', 'private key with its certificate: PEM or PKCS#12')
    .option(
      '--certificate <file>',
      'the certificate (PEM, DER or PKCS#7) that a certificate authority issued for `ic-idp key request`',
    )
    .option('--passphrase-file <file>', 'file whose first line is the passphrase of the key file')
    .option('--reason <text>', 'why; written into the audit')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExamples:\n  ic-idp key import riverton-water riverton-water.p12 --passphrase-file passphrase.txt\n  ic-idp key import riverton-water --certificate riverton-water.crt',
    )
    .action(async (biller: string, keyFile: string | undefined, options: ImportOptions) => {
      const file = keyFile ?? options.certificate;
      if (file === undefined || (keyFile !== undefined && options.certificate !== undefined)) {
        throw new InputError('Give either a key file, or --certificate.');
      }
      const input = {
        biller,
        file: (await readBytes(keyFile === undefined ? '--certificate' : 'The key file', file)).toString('base64'),
        certificateOnly: keyFile === undefined,
        passphrase: await passphraseOf(options),
        reason: options.reason,
      };
      print(await operate('key.import', input), options.json, ({ sentence }) => `${biller}: ${sentence}`);
    });
}

interface ExportOptions {
  readonly format: CertificateFormat;
  readonly fingerprint?: string;
  readonly out?: string;
  readonly private?: boolean;
  readonly passphraseFile?: string;
  readonly reason?: string;
}

async function exportPrivate(biller: string, options: ExportOptions): Promise<void> {
  const { fingerprint, reason, out } = options;
  const passphrase = await passphraseOf(options);
  if (out === undefined || passphrase === undefined) {
    throw new InputError('--private needs --out <file> and --passphrase-file <file>.');
  }
  const result = await operate('key.export-private', { biller, fingerprint, reason, passphrase });
  await write(out, Buffer.from(result.file, 'base64'), 0o600);
  console.error(
    `Written to ${out}, sealed under the passphrase. Keep the two apart, and delete the file once it has been used.`,
  );
}

/** `ic-idp key export` */
export function exportCommand(): Command {
  return new Command('export')
    .description('Print a certificate; or, with --private, write the private key into a sealed PKCS#12 file')
    .argument('<biller>', 'slug of the biller')
    .addOption(new Option('--format <format>', 'of the certificate').choices([...CERTIFICATE_FORMATS]).default('pem'))
    .option('--fingerprint <sha256>', 'the key, by the beginning of its fingerprint (default: the active one)')
    .option('--out <file>', 'write to a new file instead of standard output')
    .option('--private', 'the private key with its certificate, as PKCS#12; audited')
    .option('--passphrase-file <file>', 'file whose first line is the passphrase to seal it with')
    .option('--reason <text>', 'why the private key leaves; written into the audit')
    .addHelpText(
      'after',
      '\nExamples:\n  ic-idp key export riverton-water --format der --out riverton-water.cer\n  ic-idp key export riverton-water --private --passphrase-file passphrase.txt --out riverton-water.p12 --reason "move to the vault"',
    )
    .action(async (biller: string, options: ExportOptions) => {
      if (options.private === true) return exportPrivate(biller, options);
      const { format, fingerprint, out } = options;
      const result = await operate('key.export', { biller, format, fingerprint });
      const bytes = Buffer.from(result.file, 'base64');
      if (out === undefined) process.stdout.write(bytes);
      else await write(out, bytes, 0o644);
    });
}
