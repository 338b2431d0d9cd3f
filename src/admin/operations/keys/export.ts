import { z } from 'zod';
import { CERTIFICATE_FORMATS } from '../../../core/keys/certificate-formats.ts';
import { sealKeyFile } from '../../../core/keys/certificates/key-files.ts';
import { exportCertificate } from '../../../core/keys/export.ts';
import { InputError } from '../../../platform/errors/idp-error.ts';
import { requireBiller } from '../billers/require-biller.ts';
import { defineOperation, reason, requireReason } from '../operation.ts';
import { changeOf } from './input.ts';
import { requireKey } from './require-key.ts';

const MIN_PASSPHRASE = 12;

/** The file is base64. */
const exported = z.object({ fingerprint: z.string(), file: z.string() });
const which = { biller: z.string(), fingerprint: z.string().optional() };

/** The certificate of a key. */
export const exportPublic = defineOperation({
  uses: ['billers', 'database'],
  input: z.strictObject({ ...which, format: z.enum(CERTIFICATE_FORMATS).default('pem') }),
  output: exported,
  run: async (services, input) => {
    const biller = await requireBiller(services, input.biller);
    const { fingerprint, certificate } = await requireKey(services, biller, input.fingerprint);
    return { fingerprint, file: exportCertificate(certificate, input.format).toString('base64') };
  },
});

/** The private key with its certificate, in a PKCS#12 file that is sealed under the passphrase. */
export const exportPrivate = defineOperation({
  uses: ['billers', 'database', 'keys', 'audit'],
  input: z.strictObject({
    ...which,
    reason: reason.optional(),
    passphrase: z.string().min(MIN_PASSPHRASE, `must have at least ${MIN_PASSPHRASE} characters`).max(1024),
  }),
  output: exported,
  run: async (services, input, actor) => {
    const { keys, audit } = services;
    const change = changeOf(actor, requireReason(input.reason));
    const biller = await requireBiller(services, input.biller);
    const key = await requireKey(services, biller, input.fingerprint);
    if (key.moduleLabel !== null) {
      throw new InputError(
        `The key ${key.fingerprint} of ${biller.slug} is in the HSM, which does not export private keys. Stage a new key instead of moving this one.`,
        { code: 'key_not_exportable' },
      );
    }
    const name = `${biller.slug} ${key.fingerprint.slice(0, 16)}`;
    const sealed = await sealKeyFile(keys.open(key), key.certificate, input.passphrase, name);
    const { reference, ...details } = change;
    // The event is committed before the key is returned.
    const about = { reference, billerId: biller.id, keyFingerprint: key.fingerprint };
    await audit.append({ event: 'key.exported', ...about, details });
    return { fingerprint: key.fingerprint, file: sealed.toString('base64') };
  },
});
