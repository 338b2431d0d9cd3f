import { type Biller, billerUrls, portalOriginsOf } from '../../../src/core/billers/biller.ts';
import { billerSettingsSchema } from '../../../src/core/billers/settings.ts';
import { serviceProviderByHand } from '../../../src/protocols/saml/sp-metadata/sp-metadata.ts';

/** A biller with default settings, except as given. */
export function newBiller(settings: Record<string, unknown> = {}): Biller {
  const parsed = billerSettingsSchema.parse(settings);
  const { metadataUrl, ssoUrl } = billerUrls('https://sso.example.com', 'riverton');
  return {
    id: '5f0c0c52-2d6a-4a57-8a0e-2e8f3c1f9f11',
    slug: 'riverton',
    name: 'Riverton Water',
    billerGuid: '0f8fad5b-d9cb-469f-a165-70867728950e',
    entityId: metadataUrl,
    metadataUrl,
    ssoUrl,
    serviceProvider: serviceProviderByHand({
      entityId: 'https://sp.example/metadata',
      acsUrls: ['https://sp.example/acs'],
      signingCertificates: [],
      encryptionCertificates: [],
    }),
    settings: parsed,
    portalOrigins: portalOriginsOf(parsed),
    pairwiseSalt: Buffer.alloc(32, 1),
    version: '1',
  };
}
