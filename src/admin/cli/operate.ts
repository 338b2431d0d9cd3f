import { userInfo } from 'node:os';
import { readSettings } from '../../config.ts';
import { controlSocketPath, serviceAnswers } from '../../platform/database/control-socket.ts';
import { askService } from './control-client.ts';

/** The operating system's user, for the audit. A container may run under an id without a name. */
function actorName(): string {
  try {
    return `cli:${userInfo().username}`;
  } catch {
    return `cli:uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Runs one operation. @returns the result as JSON carries it @throws InputError */
export type Run = (operation: string, input: Record<string, unknown>) => Promise<unknown>;

/**
 * Gives operations a place to run: with PostgreSQL in this process; with the embedded database in the service where it
 * runs, because only one process may open that, and otherwise in this process.
 */
export async function withOperations<Result>(work: (run: Run) => Promise<Result>): Promise<Result> {
  const settings = readSettings(process.env);
  const actor = { name: actorName() };
  const asking: Run = (operation, input) =>
    askService(controlSocketPath(settings.DATA_DIR), { operation, input, actor });
  if (settings.DATABASE_URL === undefined && (await serviceAnswers(settings.DATA_DIR))) return work(asking);
  // Loaded here: help, a slip of the finger and a command to the running service need none of it.
  const { openInstallation } = await import('../../installation.ts');
  const { runOperation } = await import('../operations/operations.ts');
  const installation = await openInstallation(settings);
  if (installation === undefined) return work(asking);
  try {
    return await work(async (operation, input) =>
      JSON.parse(JSON.stringify(await runOperation(installation.services, operation, input, actor))),
    );
  } finally {
    await installation.close();
  }
}

/** Runs one operation where it belongs: see withOperations. @returns the result as JSON carries it @throws InputError */
export const operate: Run = (operation, input) => withOperations((run) => run(operation, input));
