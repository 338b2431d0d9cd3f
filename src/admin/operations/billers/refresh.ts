import { z } from 'zod';
import { FINDING_KINDS } from '../../../integrations/sp-metadata/findings.ts';
import { defineOperation } from '../operation.ts';
import { requireBiller } from './require-biller.ts';

/**
 * Looks at a biller's Service Provider now: at its metadata URL, if it has one, and at the dates of its certificates.
 * Nothing is taken over, unless a setting of the biller says so.
 */
export const refresh = defineOperation({
  uses: ['billers', 'providers'],
  input: z.strictObject({ slug: z.string() }),
  output: z.object({
    slug: z.string(),
    metadataUrl: z.string().optional(),
    findings: z.array(z.object({ kind: z.enum(FINDING_KINDS), finding: z.string() })).readonly(),
    differences: z.array(z.object({ what: z.string(), before: z.string(), after: z.string() })).readonly(),
    /** The change was taken over. */
    taken: z.boolean(),
  }),
  run: async (services, { slug }) => {
    const biller = await requireBiller(services, slug);
    const { findings, differences, taken } = await services.providers.check(biller, true);
    return { slug, metadataUrl: biller.serviceProvider.metadataUrl, findings, differences, taken };
  },
});
