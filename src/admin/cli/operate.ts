import { userInfo } from 'node:os';
import { InputError } from '../../platform/errors/idp-error.ts';
import { actorWithEveryRole } from '../operations/operation.ts';
import type { OperationInput, OperationName, OperationResult } from '../operations/registry.ts';
import { inCliWords } from './hints.ts';
import { resolveRelativeImportsDirectly } from './resolve-hook.ts';

/** The operating system's user, for the audit. A container may run under an ID without a name. */
function actorName(): string {
  try {
    return `cli:${userInfo().username}`;
  } catch {
    return `cli:uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Runs one operation. @returns the result as JSON carries it @throws InputError in terms of the command line */
export type Run = <Name extends OperationName>(
  name: Name,
  input: OperationInput<Name>,
) => Promise<OperationResult<Name>>;

type RunNamed = (name: OperationName, input: unknown) => Promise<unknown>;

const typed = (run: RunNamed) =>
  (async (name, input) => {
    try {
      return await run(name, input);
    } catch (error) {
      throw error instanceof InputError ? inCliWords(error, name) : error;
    }
  }) as Run;

/** Opens the installation while `work` runs. A running service notices the changes. */
export async function withOperations<Result>(work: (run: Run) => Promise<Result>): Promise<Result> {
  resolveRelativeImportsDirectly();
  // Loaded on demand: help and a mistyped command need none of it.
  const { readSettings } = await import('../../config.ts');
  const settings = readSettings(process.env);
  const actor = actorWithEveryRole(actorName());
  const { openForOperations } = await import('../../installation.ts');
  const installation = await openForOperations(settings);
  try {
    return await work(typed((name, input) => installation.perform(name, input, actor)));
  } finally {
    await installation.close();
  }
}

/** Runs one operation. */
export const operate: Run = (operation, input) => withOperations((run) => run(operation, input));
