import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { auditCommand } from './audit.ts';
import { billerCommand } from './biller.ts';
import { doctorCommand } from './doctor.ts';
import { inspectCommand } from './inspect.ts';
import { keyCommand } from './key/key.ts';
import { linkCommand } from './link.ts';
import { masterKeyCommand } from './master-key.ts';
import { metadataCommand } from './metadata.ts';
import { traceCommand } from './trace.ts';
import { userCommand } from './user.ts';
import { webhookCommand } from './webhook.ts';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Whoever typed a wrong option is told where the right ones stand, at every command, however deep. */
function addHint(command: Command): void {
  command.showHelpAfterError('(--help shows what is accepted)');
  command.commands.forEach(addHint);
}

/** Builds `ic-idp` with all its commands; nothing runs yet. `docs/cli.md` is made from it. */
export function createProgram(): Command {
  const program = new Command('ic-idp')
    .description('SAML 2.0 Identity Provider for Invoice Cloud sign-on')
    .addHelpText(
      'after',
      '\nSettings come from the environment and from .env: see docs/settings.md.\n\nExample:\n  ic-idp biller list',
    )
    .version(version, '--version', 'print the version');
  for (const command of [
    billerCommand,
    userCommand,
    keyCommand,
    masterKeyCommand,
    webhookCommand,
    metadataCommand,
    linkCommand,
    auditCommand,
    traceCommand,
    inspectCommand,
    doctorCommand,
  ]) {
    program.addCommand(command());
  }
  addHint(program);
  return program;
}
