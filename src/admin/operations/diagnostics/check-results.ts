import { z } from 'zod';

/** The result of each check of a message. */
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
