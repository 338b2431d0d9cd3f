import { Command } from 'commander';
import type { OperationResult } from '../../operations/registry.ts';
import { operate } from '../operate.ts';
import { JSON_OPTION, print } from '../output.ts';

type Level = OperationResult<'doctor'>[number]['level'];

const MARKS: Readonly<Record<Level, string>> = { ok: 'ok     ', warning: 'warning', error: 'ERROR  ' };

/** `ic-idp doctor`: exit code 1 if something is wrong. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Report problems with this installation and how to fix them; exit code 1 if there are any')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  ic-idp doctor --json')
    .action(async (options: { json?: boolean }) => {
      const findings = await operate('doctor', {});
      print(findings, options.json, (all) =>
        all
          .map(({ level, subject, finding, remedy }) => {
            const line = `${MARKS[level]}  ${subject}: ${finding}`;
            return remedy === undefined ? line : `${line}\n         ${remedy}`;
          })
          .join('\n'),
      );
      if (findings.some(({ level }) => level === 'error')) process.exitCode = 1;
    });
}
