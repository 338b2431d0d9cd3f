import { z } from 'zod';
import { idpMetadataOf } from '../../../core/keys/publication/idp-metadata.ts';
import { defineOperation } from '../operation.ts';
import { requireBiller } from './require-biller.ts';

export const metadata = defineOperation({
  uses: ['billers', 'keys', 'publicUrl', 'clock'],
  input: z.strictObject({ slug: z.string() }),
  output: z.object({ metadata: z.string() }),
  run: async (services, { slug }) => {
    const { keys, publicUrl, clock } = services;
    const biller = await requireBiller(services, slug);
    const { document } = await idpMetadataOf(biller, await keys.ofBiller(biller.id), publicUrl, clock());
    return { metadata: document };
  },
});
