#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { InputError } from '../errors/idp-error.ts';
import { auditCommand } from './audit.ts';
import { billerCommand } from './biller.ts';
import { doctorCommand } from './doctor.ts';
import { keyCommand } from './key.ts';
import { linkCommand } from './link.ts';
import { metadataCommand } from './metadata.ts';
import { userCommand } from './user.ts';

/** Exit codes: 0 done, 1 it failed, 2 what was typed is wrong. */
const EXIT_FAILED = 1;
const EXIT_INPUT = 2;

const program = new Command('ic-idp')
  .description('SAML 2.0 Identity Provider for Invoice Cloud sign-on')
  .addHelpText(
    'after',
    '\nSettings come from the environment and from .env: see docs/settings.md.\n\nExample:\n  ic-idp biller list',
  )
  .showHelpAfterError('(--help shows what is accepted)');
for (const command of [
  billerCommand,
  userCommand,
  keyCommand,
  metadataCommand,
  linkCommand,
  auditCommand,
  doctorCommand,
]) {
  program.addCommand(command());
}

/** Every command, however deep, reports a wrong call by throwing, so that one place chooses the exit code. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  command.commands.forEach(throwInsteadOfExit);
}
throwInsteadOfExit(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_INPUT;
  else {
    console.error(`error: ${(error as Error).message}`);
    process.exitCode = error instanceof InputError ? EXIT_INPUT : EXIT_FAILED;
  }
}
