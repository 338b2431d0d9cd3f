import { z } from 'zod';
import type { Services } from '../../app.ts';
import { checkFitness, type ImportedKey, readCertificates } from '../../core/keys/certificates/imported-key.ts';
import { readKeyFile, sealKeyFile } from '../../core/keys/certificates/key-files.ts';
import { CERTIFICATE_FORMATS, exportCertificate } from '../../core/keys/export.ts';
import { KEY_TYPES } from '../../core/keys/key-types.ts';
import { deleteKeyRequest, findKeys, type SigningKeyRow } from '../../core/keys/store.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import { newReference } from '../../platform/util/reference.ts';
import { requireBiller } from './biller-operations.ts';
import { type Actor, defineOperation } from './operation.ts';

const MAX_FILE = 512 * 1024;
const MIN_PASSPHRASE = 12;

const changeOf = (actor: Actor, reason = 'routine') => ({ actor: actor.name, reason, reference: newReference() });
const reason = z.string().trim().min(1).max(500).optional();

/** @param wanted the beginning of a fingerprint; the active key where it is left out @throws InputError */
export async function requireKey(
  services: Services,
  billerId: string,
  slug: string,
  wanted: string | undefined,
): Promise<SigningKeyRow> {
  const beginning = wanted?.replaceAll(':', '').toLowerCase();
  const all = await findKeys(services.database.db, billerId);
  const found = all.filter(({ state, fingerprint }) =>
    beginning === undefined ? state === 'active' : fingerprint.startsWith(beginning),
  );
  const [key] = found;
  if (key !== undefined && found.length === 1) return key;
  const problem =
    wanted === undefined
      ? 'There is no active key'
      : `--fingerprint names ${found.length === 0 ? 'no key' : 'several keys'}`;
  throw new InputError(`${problem} of ${slug}. \`ic-idp key list ${slug}\` shows what there is.`);
}

const request = defineOperation(
  'key.request',
  z.strictObject({ biller: z.string(), reason, keyType: z.enum(KEY_TYPES).default('RSA-2048') }),
  async (services, input, actor) => {
    const biller = await requireBiller(services, input.biller);
    const made = await services.keys.request(biller, input.keyType);
    const { reference, ...who } = changeOf(actor, input.reason);
    const details = { ...who, keyType: input.keyType };
    await services.audit.append({ event: 'key.requested', reference, billerId: biller.id, details });
    return { biller: biller.slug, request: made };
  },
);

const file = z
  .base64('the file did not arrive whole')
  .max(Math.ceil(MAX_FILE / 3) * 4, `a key file has at most ${MAX_FILE} bytes`);
const importInput = z.strictObject({
  biller: z.string(),
  reason,
  /** PEM text or PKCS#12, in base64. */
  file,
  passphrase: z.string().max(1024).optional(),
  /** The file has only the certificate that a certificate authority issued for our request. */
  certificateOnly: z.boolean().default(false),
});

async function readGiven(
  services: Services,
  billerId: string,
  input: z.output<typeof importInput>,
): Promise<ImportedKey> {
  const bytes = Buffer.from(input.file, 'base64');
  if (input.certificateOnly) {
    if (!bytes.includes('-----BEGIN ')) throw new InputError('--certificate: expected is a PEM file.');
    return services.keys.acceptCertificate(billerId, readCertificates(bytes.toString('utf8')));
  }
  return readKeyFile(bytes, input.passphrase);
}

const take = defineOperation('key.import', importInput, async (services, input, actor) => {
  const biller = await requireBiller(services, input.biller);
  const given = await readGiven(services, biller.id, input);
  checkFitness(given.certificate, services.clock());
  const key = services.keys.importKey(biller.id, given);
  const origin = input.certificateOnly ? 'signed request' : 'imported';
  await services.rotation.stageKey(biller, key, origin, changeOf(actor, input.reason));
  if (input.certificateOnly) await deleteKeyRequest(services.database.db, biller.id);
  return {
    biller: biller.slug,
    fingerprint: key.fingerprint,
    sentence: `The key with the certificate ${key.fingerprint} is staged and published beside the active one.`,
  };
});

const takeFromModuleInput = z.strictObject({
  biller: z.string(),
  reason,
  label: z.string().min(1, '--module-label must not be empty').max(200),
  /** Certificates among which its own is: PEM text in base64. Without it a self-signed one is made. */
  certificate: file.optional(),
});

const takeFromModule = defineOperation('key.take-from-module', takeFromModuleInput, async (services, input, actor) => {
  const biller = await requireBiller(services, input.biller);
  const pem = Buffer.from(input.certificate ?? '', 'base64').toString('utf8');
  if (input.certificate !== undefined && !pem.includes('-----BEGIN ')) {
    throw new InputError('--certificate: expected is a PEM file.');
  }
  const holder = { billerId: biller.id, slug: biller.slug, billerName: biller.name, entityId: biller.entityId };
  const key = await services.hsmKeys.importKey(holder, input.label, readCertificates(pem));
  await services.rotation.stageKey(biller, key, 'found in the hardware module', changeOf(actor, input.reason));
  return {
    biller: biller.slug,
    fingerprint: key.fingerprint,
    sentence: `The key "${input.label}" in the hardware module is staged, with the certificate ${key.fingerprint}, and published beside the active one.`,
  };
});

const exportInput = z.strictObject({
  biller: z.string(),
  fingerprint: z.string().optional(),
  format: z.enum(CERTIFICATE_FORMATS).default('pem'),
});

const exportOut = defineOperation('key.export', exportInput, async (services, input) => {
  const biller = await requireBiller(services, input.biller);
  const key = await requireKey(services, biller.id, biller.slug, input.fingerprint);
  return { fingerprint: key.fingerprint, file: exportCertificate(key.certificate, input.format).toString('base64') };
});

const exportPrivateInput = z.strictObject({
  biller: z.string(),
  fingerprint: z.string().optional(),
  reason: z.string({ error: '--private needs --reason "...": it is written into the audit.' }).trim().min(1).max(500),
  passphrase: z.string().min(MIN_PASSPHRASE, `a passphrase has at least ${MIN_PASSPHRASE} characters`).max(1024),
});

const exportPrivate = defineOperation('key.export-private', exportPrivateInput, async (services, input, actor) => {
  const biller = await requireBiller(services, input.biller);
  const key = await requireKey(services, biller.id, biller.slug, input.fingerprint);
  if (key.moduleLabel !== null) {
    throw new InputError(
      `The key ${key.fingerprint} of ${biller.slug} is in the hardware module, which lets no private key out. Stage a new key instead of moving this one.`,
    );
  }
  const name = `${biller.slug} ${key.fingerprint.slice(0, 16)}`;
  const sealed = await sealKeyFile(services.keys.open(key), key.certificate, input.passphrase, name);
  const { reference, ...details } = changeOf(actor, input.reason);
  // It is written down before it leaves.
  const about = { reference, billerId: biller.id, keyFingerprint: key.fingerprint };
  await services.audit.append({ event: 'key.exported', ...about, details });
  return { fingerprint: key.fingerprint, file: sealed.toString('base64') };
});

export const keyMaterialOperations = [request, take, takeFromModule, exportOut, exportPrivate];
