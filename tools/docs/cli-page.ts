import type { Command } from 'commander';
import { createProgram } from '../../src/admin/cli/program.ts';
import { generatedPage } from './markdown.ts';

/** Fixed, so that the page does not depend on the terminal. */
const WIDTH = 100;

/** @returns everything that `--help` prints, including the example */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd();
}

/** @param path name of the command with those of its parents @returns a section for every command, parents first */
function sections(command: Command, path: string, depth: number): string[] {
  return [
    `${'#'.repeat(depth)} ${path}`,
    `\`\`\`text\n${helpOf(command)}\n\`\`\``,
    ...command.commands.flatMap((child) => sections(child, `${path} ${child.name()}`, Math.min(depth + 1, 3))),
  ];
}

const program = await createProgram();

/** @returns docs/cli.md */
export function cliPage(): string {
  return generatedPage('Commands', 'src/admin/cli/program.ts', [
    'Run the commands in the project folder: `./ic-idp ...` (on Windows `ic-idp ...`); in the container of docker-compose.yml: `docker compose exec idp ic-idp ...`. They read the same [settings](settings.md) as the service, and work while it runs.',
    'Every command takes `--json`. Exit codes: 0 success, 1 failure, 2 wrong input: see [input codes](errors.md#input).',
    ...sections(program, program.name(), 2),
  ]);
}
