import { z } from 'zod';

/** One finding: what was examined, its state, and what to do if something is wrong. */
export const findingSchema = z.object({
  subject: z.string(),
  level: z.enum(['ok', 'warning', 'error']),
  finding: z.string(),
  remedy: z.string().optional(),
});

export type Finding = z.input<typeof findingSchema>;
