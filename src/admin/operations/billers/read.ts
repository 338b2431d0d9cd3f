import { z } from 'zod';
import { defineOperation, nothing } from '../operation.ts';
import { billerViewSchema, viewOf } from './view.ts';

export const list = defineOperation({
  uses: ['billers'],
  input: nothing,
  output: z.array(z.object({ slug: z.string(), name: z.string(), billerGuid: z.string(), entityId: z.string() })),
  run: ({ billers }) => billers.all(),
});

export const show = defineOperation({
  uses: ['billers', 'keys', 'publicUrl'],
  input: z.strictObject({ slug: z.string() }),
  output: billerViewSchema,
  run: (services, { slug }) => viewOf(services, slug),
});
