import { Command } from 'commander';
import type { Finding } from '../operations/finding.ts';
import { operate } from './operate.ts';
import { print } from './output.ts';

const MARKS: Readonly<Record<Finding['level'], string>> = { ok: 'ok     ', warning: 'warning', error: 'ERROR  ' };

/** `ic-idp doctor`: exit code 1 where something is wrong. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Say what is wrong with this installation, and how to mend it; exit code 1 where something is')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  ic-idp doctor --json')
    .action(async (options: { json?: boolean }) => {
      const findings = (await operate('doctor', {})) as Finding[];
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
