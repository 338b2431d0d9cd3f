import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { InputError } from '../errors/idp-error.ts';

const VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The installation's master key: what is derived from it never leaves this object. */
export interface MasterKey {
  /** Identifies the key without telling it. */
  readonly checkValue: string;
  /**
   * @param context what the secret belongs to; the same words are needed to unseal it
   * @returns version, IV, tag and ciphertext (AES-256-GCM)
   */
  seal(secret: Uint8Array, context: string): Buffer;
  /** @throws where the master key, the context or a single bit differs */
  unseal(sealed: Uint8Array, context: string): Buffer;
  /** A keyed hash by which events of an email can be found without storing it. */
  hashEmail(email: string): string;
}

/** @param base64 32 bytes in base64 */
export function createMasterKey(base64: string): MasterKey {
  const master = Buffer.from(base64, 'base64');
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', master, '', `ic-idp ${purpose}`, 32));
  const sealing = derive('seal');
  // As a key object: given bytes, node:crypto first finds out by exceptions that they are none, for 8 µs each time.
  const emails = createSecretKey(derive('audit email'));
  return {
    checkValue: createHmac('sha256', derive('check')).update('master key').digest('hex').slice(0, 16),
    seal(secret, context) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealing, iv).setAAD(Buffer.from(context));
      const ciphertext = Buffer.concat([cipher.update(secret), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), iv, cipher.getAuthTag(), ciphertext]);
    },
    unseal(sealed, context) {
      const bytes = Buffer.from(sealed);
      if (bytes[0] !== VERSION || bytes.length <= 1 + IV_BYTES + TAG_BYTES) throw new Error('not a sealed secret');
      const iv = bytes.subarray(1, 1 + IV_BYTES);
      const tag = bytes.subarray(1 + IV_BYTES, 1 + IV_BYTES + TAG_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', sealing, iv, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(context))
        .setAuthTag(tag);
      return Buffer.concat([decipher.update(bytes.subarray(1 + IV_BYTES + TAG_BYTES)), decipher.final()]);
    },
    hashEmail: (email) => createHmac('sha256', emails).update(email.toLowerCase()).digest('base64url').slice(0, 22),
  };
}

/** Where an embedded installation keeps its master key. */
export const MASTER_KEY_FILE = 'certs/master.key';

/**
 * Reads the master key of an embedded installation, or makes it on the first start (mode 0600).
 *
 * @throws InputError where the file holds something else
 */
export function embeddedMasterKey(path: string = MASTER_KEY_FILE): string {
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true });
    try {
      writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      // Another process was faster: its key is the one.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  const text = readFileSync(path, 'utf8').trim();
  if (Buffer.from(text, 'base64').length !== 32 || !/^[A-Za-z0-9+/]{43}=$/.test(text)) {
    throw new InputError(
      `${path} does not hold a master key. Expected are 32 bytes in base64; restore the file from its backup.`,
    );
  }
  return text;
}
