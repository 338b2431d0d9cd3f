import { userInfo } from 'node:os';
import { InputError } from '../../platform/errors/idp-error.ts';
import { actorWithEveryRole } from '../operations/operation.ts';
import type { OperationInput, OperationName, OperationResult } from '../operations/registry.ts';
import { inCliWords } from './hints.ts';
import { resolveRelativeImportsDirectly } from './resolve-hook.ts';

/** Longer than any user name. */
const MAX_ACTOR = 100;

/** The operating system's user. A container may run under an ID without a name. */
function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

/**
 * Who acts, for the audit: the human that IC_IDP_ACTOR or sudo names, and the operating system's user, which commands of
 * several people may share.
 */
function actorName(named: string | undefined): string {
  const user = systemUser();
  const human = named ?? process.env.SUDO_USER?.slice(0, MAX_ACTOR);
  return human === undefined || human === '' || human === user ? `cli:${user}` : `cli:${human} as ${user}`;
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

/** The commands that begin an installation. Any other needs one, and making it would hide a wrong folder or setting. */
const BEGINNING: readonly OperationName[] = ['biller.add', 'webhook.set'];

/** Opens the installation while `work` runs. A running service notices the changes. */
export async function withOperations<Result>(work: (run: Run) => Promise<Result>, create = false): Promise<Result> {
  resolveRelativeImportsDirectly();
  // Loaded on demand: help and a mistyped command need none of it.
  const { readSettings } = await import('../../config.ts');
  const settings = readSettings(process.env);
  const actor = actorWithEveryRole(actorName(settings.IC_IDP_ACTOR));
  const { openForOperations } = await import('../../installation.ts');
  const installation = await openForOperations(settings, create);
  try {
    return await work(typed((name, input) => installation.perform(name, input, actor)));
  } finally {
    await installation.close();
  }
}

/** Runs one operation. */
export const operate: Run = (operation, input) =>
  withOperations((run) => run(operation, input), BEGINNING.includes(operation));
