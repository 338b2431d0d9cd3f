import type { Command } from 'commander';
import { InputError } from '../../../../platform/errors/idp-error.ts';
import type { InputCode } from '../../../../platform/errors/input-codes.ts';
import type { OperationInput, OperationName, OperationResult } from '../../../operations/registry.ts';
import { isYes } from '../../confirm-change.ts';
import { type Run, withOperations } from '../../operate.ts';
import { forPeople, JSON_OPTION } from '../../output.ts';
import { stopOnInterrupt } from '../../stop-on-interrupt.ts';

/** Options of every command that changes keys of one biller, several, or all. */
export interface ManyOptions {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly reason?: string;
}

/** The operations with a biller and a reason as input. */
type ManyOperation = {
  [Name in OperationName]: OperationInput<Name> extends { biller: string; reason?: string | undefined } ? Name : never;
}[OperationName];

/** Adds the arguments and options of such a command. */
export function manyCommand(command: Command): Command {
  return command
    .argument('[biller...]', 'slugs of the billers')
    .option('--all', 'every biller')
    .option('--reason <text>', 'why; written into the audit')
    .option(...JSON_OPTION);
}

/** A refusal by this code that a person can confirm, and what to give then. */
interface Confirmation<Input> {
  readonly code: InputCode;
  readonly question: string;
  readonly answer: Partial<Input>;
}

/** A refusal can be confirmed, and there is a terminal to ask at. */
const isAskable = (
  error: unknown,
  { code }: Pick<Confirmation<unknown>, 'code'>,
  { json }: ManyOptions,
): error is InputError =>
  error instanceof InputError && error.code === code && json !== true && process.stdin.isTTY === true;

interface Outcome {
  readonly biller: string;
  readonly done: boolean;
  readonly sentence: string;
}

async function billersOf(run: Run, slugs: readonly string[], { all }: ManyOptions): Promise<string[]> {
  if (all === true && slugs.length > 0) throw new InputError('Give billers, or --all, not both.');
  if (all === true) return (await run('biller.list', {})).map(({ slug }) => slug);
  if (slugs.length === 0) throw new InputError('Give one or more billers, or --all.');
  return [...new Set(slugs)];
}

/**
 * Runs an operation for every given biller. With one biller, a refusal is an error; with several, a refusal does not
 * stop the others, and the summary counts them. The same command resumes a stopped run: billers that are already done
 * are refused, with that reason.
 *
 * @param sentenceOf describes a result
 * @param confirmation a refusal that a person at a terminal can confirm instead
 */
export async function forBillers<Name extends ManyOperation>(
  slugs: readonly string[],
  options: ManyOptions,
  operation: Name,
  input: Omit<OperationInput<Name>, 'biller' | 'reason'>,
  sentenceOf: (result: OperationResult<Name>) => string,
  confirmation?: Confirmation<OperationInput<Name>>,
): Promise<void> {
  const outcomes: Outcome[] = [];
  const results: unknown[] = [];
  let left = 0;
  await withOperations(async (run) => {
    const billers = await billersOf(run, slugs, options);
    const interruption = stopOnInterrupt();
    for (const [position, biller] of billers.entries()) {
      if (interruption.stopped) {
        left = billers.length - position;
        break;
      }
      const outcome = await attempt(biller);
      outcomes.push(outcome);
      if (options.json !== true) {
        const progress = billers.length > 1 ? `[${position + 1}/${billers.length}] ` : '';
        console.log(`${progress}${outcome.done ? '' : 'not done: '}${forPeople(outcome.sentence)}`);
      }
    }
    interruption.release();

    async function attempt(biller: string): Promise<Outcome> {
      try {
        const given = { ...input, biller, reason: options.reason } as OperationInput<Name>;
        const result = await run(operation, given).catch(async (error: unknown) => {
          if (confirmation === undefined || !isAskable(error, confirmation, options)) throw error;
          // The message names clients as they called themselves.
          console.error(forPeople(error.message));
          if (!(await isYes(`${confirmation.question} [y/N] `))) {
            throw new InputError(`${biller}: It was not confirmed. Nothing was done.`, { code: confirmation.code });
          }
          return run(operation, { ...given, ...confirmation.answer });
        });
        results.push(result);
        return { biller, done: true, sentence: `${biller}: ${sentenceOf(result)}` };
      } catch (error) {
        if (billers.length === 1 || !(error instanceof InputError)) throw error;
        return { biller, done: false, sentence: error.message };
      }
    }
  });
  report(outcomes, results, left, options);
}

function report(outcomes: readonly Outcome[], results: readonly unknown[], left: number, { json }: ManyOptions): void {
  const refused = outcomes.filter(({ done }) => !done).length;
  const many = outcomes.length + left > 1;
  if (json === true) console.log(JSON.stringify(many ? { outcomes, results, left } : results[0]));
  else if (many) console.log(`${outcomes.length - refused} done, ${refused} not done, ${left} left.`);
  if (refused > 0 || left > 0) process.exitCode = 1;
}
