import type { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { checkFitness, type ImportedKey } from '../../../core/keys/certificates/imported-key.ts';
import { readKeyFile } from '../../../core/keys/certificates/key-files.ts';
import { deleteKeyRequest, otherHolderOf } from '../../../core/keys/store.ts';
import type { Db } from '../../../platform/database/database.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { CertificateError, readCertificates } from '../../../platform/util/certificates.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation } from '../operation.ts';
import type { Uses } from '../services.ts';
import { changeInput, changeOf } from './input.ts';
import { stagedSentence } from './staged-sentence.ts';

const MAX_FILE = 512 * 1024;

const file = z
  .base64('the file did not arrive whole')
  .max(Math.ceil(MAX_FILE / 3) * 4, `a key file has at most ${MAX_FILE} bytes`);

const staged = z.object({ biller: z.string(), fingerprint: z.string(), sentence: z.string() });

/** @param base64 the file @throws InputError naming the field */
function certificatesOf(field: string, base64: string): X509Certificate[] {
  try {
    return readCertificates(Buffer.from(base64, 'base64'));
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    const complaint = `${cause.message}. It must be one or more certificates: PEM, base64, DER or PKCS#7.`;
    throw new InputError(complaint, { field, cause });
  }
}

const importInput = z.strictObject({
  ...changeInput,
  /** PEM or PKCS#12; the certificate alone in any form that readCertificates takes. In base64. */
  file,
  passphrase: z.string().max(1024).optional(),
  /** The file has only the certificate that a certificate authority issued for our request. */
  certificateOnly: z.boolean().default(false),
});

async function readImported(
  { keys }: Uses<'keys'>,
  billerId: string,
  input: z.output<typeof importInput>,
): Promise<ImportedKey> {
  const bytes = Buffer.from(input.file, 'base64');
  if (!input.certificateOnly) return readKeyFile(bytes, input.passphrase);
  return keys.acceptCertificate(billerId, certificatesOf('file', input.file));
}

/** An assertion signed for one biller would be accepted for the other. @throws InputError */
async function refuseOtherBillersKey(db: Db, certificate: string, billerId: string): Promise<void> {
  const other = await otherHolderOf(db, certificate, billerId);
  if (other === undefined) return;
  throw new InputError(`This key belongs to the biller "${other}". Every biller needs a key of its own.`, {
    code: 'key_of_another_biller',
  });
}

export const importKey = defineOperation({
  uses: ['database', 'billers', 'keys', 'rotation', 'clock'],
  input: importInput,
  output: staged,
  run: async (services, input, actor) => {
    const { database, keys, rotation, clock } = services;
    const biller = await requireBiller(services, input.biller);
    const imported = await readImported(services, biller.id, input);
    checkFitness(imported.certificate, clock());
    const key = keys.importKey(biller.id, imported);
    await refuseOtherBillersKey(database.db, key.certificate, biller.id);
    const origin = input.certificateOnly ? 'signed request' : 'imported';
    await rotation.stageKey(biller, key, origin, changeOf(actor, input.reason), async (transaction) => {
      if (input.certificateOnly) await deleteKeyRequest(transaction, biller.id);
    });
    return {
      biller: biller.slug,
      fingerprint: key.fingerprint,
      sentence: stagedSentence(biller, `The key with the certificate ${key.fingerprint}`),
    };
  },
});

export const takeFromModule = defineOperation({
  uses: ['database', 'billers', 'hsmKeys', 'rotation'],
  input: z.strictObject({
    ...changeInput,
    label: z.string().min(1, 'must not be empty').max(200),
    /** Certificates among which its own is: the file in base64. Without it a self-signed one is made. */
    certificate: file.optional(),
  }),
  output: staged,
  run: async (services, input, actor) => {
    const biller = await requireBiller(services, input.biller);
    const { certificate, label } = input;
    const certificates = certificate === undefined ? [] : certificatesOf('certificate', certificate);
    const holder = { billerId: biller.id, slug: biller.slug, billerName: biller.name, entityId: biller.entityId };
    const key = await services.hsmKeys.importKey(holder, label, certificates);
    await refuseOtherBillersKey(services.database.db, key.certificate, biller.id);
    await services.rotation.stageKey(biller, key, 'found in the hardware module', changeOf(actor, input.reason));
    return {
      biller: biller.slug,
      fingerprint: key.fingerprint,
      sentence: stagedSentence(biller, `The key "${label}" in the HSM, with the certificate ${key.fingerprint},`),
    };
  },
});
