import { randomBytes, randomUUID } from 'node:crypto';
import { billerSettingsSchema, toStored } from '../../../src/core/billers/settings.ts';
import type { BillerRow, insertBiller } from '../../../src/core/billers/store.ts';
import type { insertKey } from '../../../src/core/keys/store.ts';
import { serviceProviderByHand } from '../../../src/protocols/saml/sp-metadata/sp-metadata.ts';

/** A biller as stored, with a unique slug and GUID. */
export function newBillerRow(): Parameters<typeof insertBiller>[1] & Pick<BillerRow, 'id' | 'slug'> {
  return {
    id: randomUUID(),
    slug: `biller-${randomBytes(4).toString('hex')}`,
    name: 'Ville de Rivière-du-Loup “Eau” & Ünïcode 水',
    billerGuid: randomUUID(),
    serviceProvider: serviceProviderByHand({
      entityId: 'https://sp.example/metadata?a=1&b=2',
      acsUrls: ['https://sp.example/acs'],
      signingCertificates: [],
      encryptionCertificates: [],
    }),
    settings: toStored(
      billerSettingsSchema.parse({
        emailClaim: { name: 'Email', nameFormat: 'basic' },
        loginTypeClaim: { name: 'LoginType', nameFormat: 'basic' },
        accountNumberClaim: { name: 'AccountNumber', nameFormat: 'basic' },
        loginTypes: { owner: 1, 'co-owner': 5 },
      }),
    ),
    pairwiseSalt: randomBytes(32),
  };
}

/** A signing key as stored. Its private part can't be unsealed. */
export function newKeyRow(billerId: string, state: 'staged' | 'active' | 'retiring' | 'retired' | 'revoked') {
  const row: Parameters<typeof insertKey>[1] = {
    id: randomUUID(),
    billerId,
    state,
    keyType: 'RSA-2048',
    certificate: randomBytes(600).toString('base64'),
    fingerprint: randomBytes(32).toString('hex'),
    // The private part of a retired or revoked key is destroyed.
    sealedPrivateKey: state === 'retired' || state === 'revoked' ? null : randomBytes(1200),
    notBefore: new Date('2026-01-01T00:00:00.000Z'),
    notAfter: new Date('2029-01-01T00:00:00.000Z'),
  };
  return row;
}
