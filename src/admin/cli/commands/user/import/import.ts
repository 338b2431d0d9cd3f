import { Command, Option } from 'commander';
import { escapeControls, escapeControlsInJson } from '../../../../../platform/errors/escape-controls.ts';
import { InputError } from '../../../../../platform/errors/idp-error.ts';
import { isYes } from '../../../confirm-change.ts';
import { type Run, withOperations } from '../../../operate.ts';
import { forPeople, JSON_OPTION } from '../../../output.ts';
import { stopOnInterrupt } from '../../../stop-on-interrupt.ts';
import {
  type Checked,
  type Counts,
  checkFile,
  goThroughOthers,
  goThroughUsers,
  noCounts,
  usersIn,
  type Work,
} from './check.ts';

interface ImportOptions {
  readonly source: 'portal' | 'oidc';
  readonly replace?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const say = (line: string) => console.error(forPeople(escapeControls(line)));
const plural = (count: number, what: string) => `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;

function showDifference({ counts, examples, removedExamples }: Checked, replace: boolean): void {
  const shown = examples.length + removedExamples.length;
  for (const { externalId, kind, changed } of examples) {
    say(kind === 'added' ? `  + ${externalId}` : `  ~ ${externalId}: ${changed.join(', ')}`);
  }
  for (const externalId of removedExamples) say(`  - ${externalId}`);
  const more = counts.added + counts.updated + counts.removed - shown;
  if (more > 0) say(`  and ${more.toLocaleString('en-US')} more`);
  const removed = replace ? `, ${counts.removed.toLocaleString('en-US')} to be removed` : '';
  const parts = [
    `${counts.added.toLocaleString('en-US')} to be added`,
    `${counts.updated.toLocaleString('en-US')} to be changed`,
  ];
  say(
    `${plural(usersIn(counts), 'user')}: ${parts.join(', ')}, ${counts.unchanged.toLocaleString('en-US')} unchanged${removed}.`,
  );
}

/** @throws InputError if users would be removed and nobody agreed to it */
async function confirmRemoval({ removed }: Counts, { yes, json }: ImportOptions): Promise<void> {
  if (removed === 0 || yes === true) return;
  const who = `${plural(removed, 'user')} who ${removed === 1 ? 'is' : 'are'} not in the file would be removed`;
  if (!process.stdin.isTTY || json === true) {
    throw new InputError(`${who}. Nothing was done; confirm it with --yes.`);
  }
  if (!(await isYes(`${who}. Do it? [y/N] `))) throw new Error('It was not confirmed. Nothing was changed.');
}

/** Does what was checked. @returns what was done @throws what stopped it, saying how far it came */
async function apply(work: Work, { counts: planned }: Checked, replace: boolean): Promise<Counts> {
  const done = noCounts();
  try {
    // Half a million users who are the same need not be compared twice.
    if (planned.added + planned.updated === 0) done.unchanged = planned.unchanged;
    else await goThroughUsers(work, true, done, usersIn(planned));
    if (replace) await goThroughOthers(work, true, done);
    return done;
  } catch (error) {
    const cause = error as Error;
    const rest = `${usersIn(done).toLocaleString('en-US')} of ${plural(usersIn(planned), 'user')} were done. Run the same command again to continue.`;
    const message = `${cause.message.replace(/\.$/, '')}. ${rest}`;
    throw error instanceof InputError
      ? new InputError(message, { code: error.code, cause })
      : new Error(message, { cause });
  }
}

interface Outcome {
  readonly checked: Checked;
  readonly done: Counts;
  readonly reference: string;
  readonly stopped: boolean;
}

function report(
  { checked, done, reference, stopped }: Outcome,
  { dryRun = false, replace = false, json }: ImportOptions,
): void {
  const { rows, problems, wrong, warnings, counts: planned } = checked;
  const left = dryRun || wrong > 0 ? 0 : usersIn(planned) - usersIn(done) + planned.removed - done.removed;
  if (json === true) {
    const result = { rows, users: usersIn(planned), planned, done, stopped, reference, problems, wrong, warnings };
    console.log(escapeControlsInJson(JSON.stringify(result)));
  } else if (!dryRun && wrong === 0) {
    const parts = [
      `${done.added.toLocaleString('en-US')} added`,
      `${done.updated.toLocaleString('en-US')} changed`,
      `${done.unchanged.toLocaleString('en-US')} unchanged`,
      ...(replace ? [`${done.removed.toLocaleString('en-US')} removed`] : []),
      ...(stopped && left > 0 ? [`${left.toLocaleString('en-US')} left`] : []),
    ];
    console.log(`${plural(usersIn(planned), 'user')}: ${parts.join(', ')}. Audit: ${reference}`);
  }
  if (stopped) process.exitCode = 1;
}

async function importFile(run: Run, biller: string, file: string, options: ImportOptions): Promise<void> {
  const { source, replace = false, dryRun = false } = options;
  const { import: id, reference } = await run('user.import-begin', { biller, source });
  const interruption = stopOnInterrupt('this step', 'continue');
  const work: Work = { run, biller, id, say, isStopped: () => interruption.stopped };
  try {
    const checked = await checkFile(work, file, replace);
    // What was read by then says nothing about the whole.
    if (interruption.stopped) throw new Error('Stopped before anything was changed.');
    const { wrong, problems, warnings } = checked;
    for (const warning of warnings) say(`warning: ${warning}`);
    for (const { line, problem } of problems) say(`line ${line}: ${problem}`);
    if (wrong > 0) {
      report({ checked, done: noCounts(), reference, stopped: false }, options);
      const listed = wrong > problems.length ? `of which ${problems.length} are listed` : 'as listed';
      throw new InputError(
        `${plural(wrong, 'problem')} in ${file === '-' ? 'standard input' : file}, ${listed}. Nothing was done.`,
      );
    }
    showDifference(checked, replace);
    if (!dryRun) await confirmRemoval(checked.counts, options);
    const done = dryRun ? noCounts() : await apply(work, checked, replace);
    report({ checked, done, reference, stopped: interruption.stopped }, options);
  } finally {
    interruption.release();
    // What is left of an import is deleted by the next one, or within a day.
    await run('user.import-end', { import: id }).catch(() => undefined);
  }
}

/** `ic-idp user import <biller> <file>` */
export function importCommand(): Command {
  return new Command('import')
    .description('Bring the users of a portal with their accounts, from a file that is checked as a whole first')
    .argument('<biller>', 'slug of the biller')
    .argument('<file>', 'CSV with a heading, or - for standard input')
    .addOption(
      new Option(
        '--source <source>',
        'whose IDs they are: the portal’s own, or the `sub` of its OpenID Connect provider',
      )
        .choices(['portal', 'oidc'])
        .default('portal'),
    )
    .option('--replace', 'remove the users of this source who are not in the file')
    .option('--dry-run', 'only check the file and show the difference')
    .option('--yes', 'confirm that users are removed')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Columns, in any order: external-id, email, account, role. One line for each account of a user; the accounts of a user
replace those from before. If anything is wrong, it is listed with its line and column, and nothing is done. Sessions
follow at once. After an interruption the same command continues: who is there as in the file is passed over. Users of
the directory have passwords, so they are added with \`ic-idp user add\`.

Exit codes: 0 every user is there as in the file, 1 it was stopped or failed, 2 the file is wrong.

Example:
  ic-idp user import riverton-water users.csv --dry-run`,
    )
    .action((biller: string, file: string, options: ImportOptions) =>
      withOperations((run) => importFile(run, biller, file, options)),
    );
}
