import { z } from 'zod';

/** How the checks of a message went, one by one. */
export const checkResults = z
  .array(
    z.object({
      check: z.string(),
      passed: z.boolean(),
      code: z.string().optional(),
      expected: z.string().optional(),
      found: z.string().optional(),
    }),
  )
  .readonly();
