import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { actorWithEveryRole } from '../../../src/admin/operations/operation.ts';
import { runNamed } from '../../../src/admin/operations/run.ts';
import { createServices } from '../../../src/app.ts';
import { createMasterKey } from '../../../src/core/secrets/master-key.ts';
import { embeddedMasterKeyFile } from '../../../src/core/secrets/master-key-source.ts';
import { openInstallation } from '../../../src/installation.ts';
import { InputError } from '../../../src/platform/errors/idp-error.ts';
import { createTestStorage } from '../../support/postgres/storage.ts';

const ANOTHER =
  'MASTER_KEY is not the key that sealed the private keys in this database. Set the original master key or, during a rotation, the new and the old one (embedded: restore certs/master.key from its backup).';
const newKey = () => randomBytes(32).toString('base64');

describe('an installation', () => {
  test('opens only with the master key that it was created with', async () => {
    const storage = await createTestStorage();
    try {
      const first = await openInstallation(storage.settings);
      await first?.close();
      const other = { ...storage.settings, MASTER_KEY: newKey() };
      await expect(openInstallation(other)).rejects.toThrow(new InputError(ANOTHER));
      // The refusal left nothing open and did not replace the right key.
      const again = await openInstallation(storage.settings);
      expect(again).toBeDefined();
      await again?.close();
    } finally {
      await storage.remove();
    }
  });

  test('a private key is stored sealed, and can be unsealed only with its master key and in its own row', async () => {
    const storage = await createTestStorage();
    const connection = await storage.open();
    try {
      const { database, services } = connection;
      const { db } = database;
      for (const slug of ['one', 'two']) {
        const sp = { entityId: 'https://sp.example', acs: ['https://sp.example/acs'], sameServiceProvider: true };
        const input = { slug, name: slug, billerGuid: crypto.randomUUID(), keyType: 'EC-P256', ...sp };
        await runNamed(services, 'biller.add', input, actorWithEveryRole('test'));
      }
      const [one, two] = await db.selectFrom('signingKeys').selectAll().execute();
      if (one === undefined || two === undefined) throw new Error('there are not two keys');
      const { signer } = (await services.keys.ofBiller(one.billerId)).active ?? {};
      const signature = await signer?.sign(Buffer.from('text'));
      expect(signature).toHaveLength(64);
      // id-ecPublicKey, with which every EC key in PKCS #8 starts (RFC 5480, 2.1.1).
      expect(one.sealedPrivateKey?.includes(Buffer.from('06072a8648ce3d0201', 'hex'))).toBe(false);

      const masterKey = createMasterKey(newKey());
      const stranger = createServices({ ...services, masterKey });
      const refused = { code: 'signing_key_unavailable', detail: expect.stringContaining(one.fingerprint) };
      await expect(stranger.keys.ofBiller(one.billerId)).rejects.toMatchObject(refused);

      // Another biller's private key, copied into this row by someone with write access to the database.
      const { sealedPrivateKey } = two;
      await db.updateTable('signingKeys').set({ sealedPrivateKey }).where('id', '=', one.id).execute();
      services.keys.forget(undefined);
      await expect(services.keys.ofBiller(one.billerId)).rejects.toMatchObject(refused);
      expect((await services.keys.ofBiller(two.billerId)).active?.fingerprint).toBe(two.fingerprint);
    } finally {
      await connection.close();
      await storage.remove();
    }
  });
});

describe('a sealed secret', () => {
  const secret = Buffer.from('a private key');
  const masterKey = createMasterKey(newKey());
  const sealed = masterKey.seal(secret, 'row one');

  test('can be unsealed, and is sealed differently every time', () => {
    expect(masterKey.unseal(sealed, 'row one')).toEqual(secret);
    expect(masterKey.seal(secret, 'row one').equals(sealed)).toBe(false);
  });

  test('can’t be unsealed if changed, truncated, or in another context', () => {
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => masterKey.unseal(changed, 'row one'), `byte ${at}`).toThrow();
    }
    for (const length of [0, 1, 28, 29, sealed.length - 1]) {
      expect(() => masterKey.unseal(sealed.subarray(0, length), 'row one'), `${length} bytes`).toThrow();
    }
    expect(() => masterKey.unseal(sealed, 'row two')).toThrow();
  });
});

describe('the master key of an embedded installation', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ic-idp-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is made on the first start, readable only by its owner, and is kept', () => {
    const path = join(folder, 'certs', 'master.key');
    const [key = ''] = embeddedMasterKeyFile(path).read();
    expect(Buffer.from(key, 'base64')).toHaveLength(32);
    expect(readFileSync(path, 'utf8')).toBe(`${key}\n`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(embeddedMasterKeyFile(path).read()).toEqual([key]);
    expect(embeddedMasterKeyFile(join(folder, 'other.key')).read()).not.toEqual([key]);
  });

  test.each(['', 'AAAA', `${newKey()}${newKey()}`, newKey().replace('=', '')])(
    'is never replaced: a file with "%s" is refused with a sentence',
    (text) => {
      const path = join(folder, 'master.key');
      writeFileSync(path, text);
      const sentence = `${path} does not contain a master key. It must be 32 bytes in base64, as printed by \`openssl rand -base64 32\`, or several such keys during a rotation, newest first. If it used to work, restore it from a backup.`;
      expect(() => embeddedMasterKeyFile(path).read()).toThrow(new InputError(sentence));
      expect(readFileSync(path, 'utf8')).toBe(text);
      expect(readdirSync(folder)).toEqual(['master.key']);
    },
  );
});
