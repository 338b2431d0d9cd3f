import { type Command, CommanderError } from 'commander';
import { InputError } from '../../platform/errors/idp-error.ts';
import { asTyped } from '../../platform/util/as-typed.ts';
import { forPeople } from './output.ts';
import { askedCommand, createProgram } from './program.ts';

/** Exit codes: 0 success, 1 failure, 2 wrong input. */
const EXIT_FAILED = 1;
const EXIT_INPUT = 2;

/** A reader such as `head` may close the pipe early: the rest of the output is lost, but the work is finished. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const program = await createProgram(askedCommand(process.argv.slice(2)));

/** Makes every command, at any depth, throw on wrong usage, so that one place chooses the exit code, and name commands as they are typed. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  command.configureOutput({
    writeOut: (text) => process.stdout.write(asTyped(text, process.env.IC_IDP_COMMAND)),
    writeErr: (text) => process.stderr.write(asTyped(text, process.env.IC_IDP_COMMAND)),
  });
  command.commands.forEach(throwInsteadOfExit);
}
throwInsteadOfExit(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_INPUT;
  else {
    console.error(`error: ${forPeople((error as Error).message)}`);
    process.exitCode = error instanceof InputError ? EXIT_INPUT : EXIT_FAILED;
  }
}
