import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { escapeControls } from '../../platform/errors/escape-controls.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import type { OperationResult } from '../operations/registry.ts';

interface Choice {
  readonly yes?: boolean;
  readonly json?: boolean;
}

type Difference = OperationResult<'biller.compare'>['differences'][number];

/** The values come from the Service Provider's metadata, so they must not hide or forge a line. */
export const differenceLines = (differences: readonly Difference[]) =>
  differences
    .map(
      ({ what, before, after }) => `${what}\n  before  ${escapeControls(before)}\n  after   ${escapeControls(after)}`,
    )
    .join('\n');

/** @returns the answer; empty if the terminal was closed instead (Ctrl-C, Ctrl-D) */
async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = once(terminal, 'close').then(() => '');
  try {
    return await Promise.race([terminal.question(question), closed]);
  } finally {
    terminal.close();
  }
}

/** Asks a question on the terminal. @returns whether the answer is yes */
export const isYes = async (question: string): Promise<boolean> => /^y(es)?$/i.test((await ask(question)).trim());

/** @returns whether the operator agrees; false without a terminal, or if the result is for a program */
async function agrees(question: string, { json }: Choice): Promise<boolean> {
  if (!process.stdin.isTTY || json === true) return false;
  return isYes(`${question} [y/N] `);
}

/**
 * Runs an operation, and again with the operator's consent if another biller has the same Service Provider.
 *
 * @throws InputError if that is not confirmed
 */
export async function confirmSharedProvider<Result>(
  run: (sameServiceProvider: boolean) => Promise<Result>,
  choice: Choice,
): Promise<Result> {
  try {
    return await run(choice.yes === true);
  } catch (error) {
    if (!(error instanceof InputError) || error.code !== 'service_provider_of_another_biller') throw error;
    if (!(await agrees(error.complaint, choice))) throw error;
    return run(true);
  }
}

/**
 * Shows on standard error what would change, and asks for confirmation. With --yes, or without a terminal, it does not
 * ask, but still shows the change, so that a script's log has it.
 *
 * @throws InputError without a terminal and without --yes
 * @throws Error if the answer is no
 */
export async function confirmChange(differences: readonly Difference[], { yes, json }: Choice): Promise<void> {
  console.error(differenceLines(differences));
  if (yes === true) return;
  if (!process.stdin.isTTY || json === true) {
    throw new InputError('The Service Provider would change as shown. Nothing was done; confirm it with --yes.');
  }
  if (!(await isYes('\nChange it? [y/N] '))) throw new Error('It was not confirmed. Nothing was changed.');
}
