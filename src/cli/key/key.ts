import { Command } from 'commander';
import { activateCommand, backOutCommand, handOverCommand, retireCommand, revokeCommand } from './change.ts';
import { listCommand } from './list.ts';
import { fetchesCommand, planCommand, statusCommand } from './look.ts';
import { exportCommand, importCommand, requestCommand } from './material.ts';
import { stageCommand } from './stage.ts';

/** `ic-idp key ...` */
export function keyCommand(): Command {
  const command = new Command('key')
    .description('Signing keys: look at them, rotate them')
    .addHelpText('after', '\nExample:\n  ic-idp key status');
  for (const make of [
    listCommand,
    statusCommand,
    planCommand,
    fetchesCommand,
    stageCommand,
    activateCommand,
    handOverCommand,
    backOutCommand,
    retireCommand,
    revokeCommand,
    requestCommand,
    importCommand,
    exportCommand,
  ]) {
    command.addCommand(make());
  }
  return command;
}
