import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Biller } from '../../../core/billers/biller.ts';
import { activeCertificates } from '../../../core/keys/store.ts';
import { serviceProviderByHand } from '../../../protocols/saml/sp-metadata/sp-metadata.ts';
import { defineOperation, nothing } from '../operation.ts';
import { billerView, billerViewSchema, viewOf } from './view.ts';

export const list = defineOperation({
  uses: ['billers'],
  input: nothing,
  output: z.array(z.object({ slug: z.string(), name: z.string(), billerGuid: z.string(), entityId: z.string() })),
  run: ({ billers }) => billers.all(),
});

/** A Service Provider as it would be given by hand. */
const byHandSchema = z.object({
  spCertificates: z.array(z.string()).readonly(),
  spEncryptionCertificates: z.array(z.string()).readonly(),
});

/** @returns undefined if it came from metadata that says more than can be given by hand */
function byHandOf({ serviceProvider }: Biller): z.input<typeof byHandSchema> | undefined {
  const { entityId, acs, signingCertificates, encryptionCertificates } = serviceProvider;
  const acsUrls = acs.map(({ url }) => url);
  const again = serviceProviderByHand({ entityId, acsUrls, signingCertificates, encryptionCertificates });
  if (!isDeepStrictEqual(again, serviceProvider)) return undefined;
  return { spCertificates: signingCertificates, spEncryptionCertificates: encryptionCertificates };
}

/** Every biller as `show` has it, by slug. */
export const sheets = defineOperation({
  uses: ['database', 'billers', 'publicUrl'],
  input: nothing,
  output: z.array(billerViewSchema.extend({ byHand: byHandSchema.optional() })),
  run: async ({ database, billers, publicUrl }) => {
    const [all, certificates] = await Promise.all([billers.all(), activeCertificates(database.db)]);
    return all.map((biller) => {
      const certificate = certificates.get(biller.id);
      const active = certificate === undefined ? undefined : { signer: { certificate } };
      return { ...billerView(biller, { active }, publicUrl), byHand: byHandOf(biller) };
    });
  },
});

export const show = defineOperation({
  uses: ['billers', 'keys', 'publicUrl'],
  input: z.strictObject({ slug: z.string() }),
  output: billerViewSchema,
  run: (services, { slug }) => viewOf(services, slug),
});
