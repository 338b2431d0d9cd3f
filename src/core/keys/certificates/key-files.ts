import { type KeyObject, X509Certificate } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { InputError } from '../../../platform/errors/idp-error.ts';
import type { InputCode } from '../../../platform/errors/input-codes.ts';
import type { ImportedKey } from './imported-key.ts';

/**
 * Reads and writes files with private keys in a worker thread. Deriving the file's key from a passphrase takes hundreds
 * of thousands of rounds, or as many as the file asks for. node-forge does that synchronously, which would block
 * sign-ons for seconds.
 */

export type KeyFileJob =
  | { readonly kind: 'read'; readonly file: Uint8Array; readonly passphrase: string | undefined }
  | {
      readonly kind: 'seal';
      readonly privateKey: KeyObject;
      readonly certificate: string;
      readonly passphrase: string;
      readonly name: string;
    };
export type KeyFileAnswer =
  | { readonly privateKey: KeyObject; readonly certificate: Uint8Array }
  | { readonly file: Uint8Array }
  | { readonly refused: string; readonly code: InputCode };

const WORKER = new URL('./key-file-worker.ts', import.meta.url);
const WITHIN_MS = 60_000;

function run(job: KeyFileJob): Promise<Exclude<KeyFileAnswer, { refused: unknown }>> {
  return new Promise((resolve, reject) => {
    // The worker does not need the settings in the environment.
    const worker = new Worker(WORKER, { workerData: job, env: {}, execArgv: [] });
    const timer = setTimeout(() => {
      reject(
        new InputError(
          'Reading the key file takes longer than a minute: its passphrase is protected with too many rounds. Nothing was changed.',
          {
            code: 'key_file_unusable',
          },
        ),
      );
      void worker.terminate();
    }, WITHIN_MS);
    worker.once('message', (answer: KeyFileAnswer) => {
      if ('refused' in answer) reject(new InputError(answer.refused, { code: answer.code }));
      else resolve(answer);
    });
    worker.once('error', reject);
    worker.once('exit', () => {
      clearTimeout(timer);
      reject(new Error('the key file worker exited without an answer'));
    });
  });
}

/**
 * Reads a private key with its certificate from PEM or PKCS#12 (see imported-key.ts).
 *
 * @throws InputError
 */
export async function readKeyFile(file: Buffer, passphrase: string | undefined): Promise<ImportedKey> {
  const answer = await run({ kind: 'read', file, passphrase });
  if (!('privateKey' in answer)) throw new Error('the key file was not read');
  return { privateKey: answer.privateKey, certificate: new X509Certificate(answer.certificate) };
}

/**
 * Seals a private key with its certificate under a passphrase as PKCS#12 (see export.ts).
 *
 * @param certificate DER in base64
 * @throws InputError
 */
export async function sealKeyFile(
  privateKey: KeyObject,
  certificate: string,
  passphrase: string,
  name: string,
): Promise<Buffer> {
  const answer = await run({ kind: 'seal', privateKey, certificate, passphrase, name });
  if (!('file' in answer)) throw new Error('the key file was not written');
  return Buffer.from(answer.file);
}
