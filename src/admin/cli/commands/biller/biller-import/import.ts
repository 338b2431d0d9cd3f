import { Command } from 'commander';
import pLimit from 'p-limit';
import { escapeControls, escapeControlsInJson } from '../../../../../platform/errors/escape-controls.ts';
import { InputError } from '../../../../../platform/errors/idp-error.ts';
import type { OperationInput } from '../../../../operations/registry.ts';
import { differenceLines } from '../../../confirm-change.ts';
import { type Run, withOperations } from '../../../operate.ts';
import { JSON_OPTION } from '../../../output.ts';
import { stopOnInterrupt } from '../../../stop-on-interrupt.ts';
import { type CheckedRow, checkFile } from './check.ts';

/** Keys that are made at the same time: as many as Node has threads for such work. */
const ADD_AT_ONCE = 4;

interface ImportOptions {
  readonly check?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const say = (line: string) => console.error(escapeControls(line));
const plural = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;

/** A biller that could not be added although the check found nothing: something has changed since. */
interface Failure {
  readonly place: string;
  readonly slug: string;
  readonly problem: string;
}

/** Adds billers, some at a time. @throws what is no fault of a single row, e.g. that the database is away */
async function addAll(run: Run, rows: readonly CheckedRow[], yes: boolean) {
  const added: string[] = [];
  const failed: Failure[] = [];
  const interruption = stopOnInterrupt();
  const limit = pLimit(ADD_AT_ONCE);
  let broken: { readonly error: unknown } | undefined;

  async function addOne({ biller, planned: { place, slug } }: CheckedRow): Promise<void> {
    if (interruption.stopped || broken !== undefined) return;
    try {
      await run('biller.add', { ...(biller as OperationInput<'biller.add'>), sameServiceProvider: yes });
      added.push(slug);
      say(`[${added.length + failed.length}/${rows.length}] added ${slug}`);
    } catch (error) {
      if (!(error instanceof InputError)) broken ??= { error };
      else failed.push({ place, slug, problem: error.message });
    }
  }

  await Promise.all(rows.map((row) => limit(() => addOne(row))));
  interruption.release();
  if (broken !== undefined) {
    const cause = broken.error as Error;
    const rest = `${added.length} of ${rows.length} were added. Run the same command again to continue.`;
    throw new Error(`${cause.message.replace(/\.$/, '')}. ${rest}`, { cause });
  }
  return { added, failed };
}

async function importFile(run: Run, file: string, { check, yes = false, json }: ImportOptions): Promise<void> {
  const { rows, problems } = await checkFile(run, file, yes);
  const inState = (state: string) => rows.filter(({ planned }) => planned.state === state);
  const [fresh, there, different] = [inState('new'), inState('there'), inState('different')];
  for (const { planned } of rows) for (const warning of planned.warnings) say(`warning: ${planned.place}: ${warning}`);
  const wrong = problems.length > 0;
  for (const { place, problem } of problems) say(`${place}: ${problem}`);
  for (const { planned } of wrong ? [] : different) {
    say(`${planned.place}: ${planned.slug} is there already, but different:`);
    console.error(differenceLines(planned.differences));
  }
  const { added, failed } = wrong || check === true ? { added: [], failed: [] } : await addAll(run, fresh, yes);
  for (const { place, slug, problem } of failed) say(`${place}: ${slug} was not added: ${problem}`);
  const left = fresh.length - added.length - failed.length;
  const result = {
    billers: rows.length,
    added,
    left,
    there: there.length,
    different: different.map(({ planned: { place, slug, differences } }) => ({ place, slug, differences })),
    failed,
    problems,
  };
  if (json === true) console.log(escapeControlsInJson(JSON.stringify(result)));
  if (wrong) {
    throw new InputError(`${plural(problems.length, 'problem')} in ${file}, as listed. Nothing was done.`);
  }
  if (json !== true) {
    const parts = [
      check === true ? `${left} to be added` : `${added.length} added`,
      `${there.length} there already`,
      `${different.length} different`,
      ...(failed.length > 0 ? [`${failed.length} not added`] : []),
      ...(left > 0 && check !== true ? [`${left} left`] : []),
    ];
    console.log(`${plural(rows.length, 'biller')}: ${parts.join(', ')}.`);
  }
  if (different.length > 0 || failed.length > 0 || (left > 0 && check !== true)) process.exitCode = 1;
}

/** `ic-idp biller import <file>` */
export function importCommand(): Command {
  return new Command('import')
    .description('Register many billers from a file, after checking all of it')
    .argument('<file>', 'CSV with a heading, or JSON')
    .option('--check', 'only check the file')
    .option('--yes', 'confirm that several billers have the same Service Provider')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Columns (or fields of JSON) are named like the options of \`ic-idp biller add\`: slug, name, guid, sp-metadata, entity-id,
acs, key-type, module and the settings. Files are found from the folder of <file>. If anything is wrong, all of it is
listed, and nothing is done. The same command continues after an interruption: billers that are there already are
passed over, and never changed.

Exit codes: 0 every biller is there as in the file, 1 some are not or are different, 2 the file is wrong.

Example:
  ic-idp biller import billers.csv --check`,
    )
    .action((file: string, options: ImportOptions) => withOperations((run) => importFile(run, file, options)));
}
