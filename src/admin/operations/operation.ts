import type { z } from 'zod';
import type { Services } from '../../app.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import { issueInWords, wordsForIssue } from './input-issue.ts';

/** Who acts: the operating system's user behind a command. */
export interface Actor {
  readonly name: string;
}

/** Something that an operator can do. The command line asks for it, in the running service or in its own process. */
export interface Operation {
  readonly name: string;
  /** @param input as JSON brought it @throws InputError where it is not acceptable */
  run(services: Services, input: unknown, actor: Actor): Promise<unknown>;
}

/** Ties an operation's input schema to its work. */
export function defineOperation<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  run: (services: Services, input: z.output<Schema>, actor: Actor) => Promise<unknown>,
): Operation {
  return { name, run: async (services, input, actor) => run(services, parseInput(schema, input), actor) };
}

function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input, { error: wordsForIssue, reportInput: true });
  if (result.success) return result.data;
  throw new InputError(issueInWords(result.error.issues[0]));
}
