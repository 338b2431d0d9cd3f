import { Command } from 'commander';
import { canaryCommand } from './canary.ts';
import { exportCommand, importCommand, requestCommand } from './import-export.ts';
import { listCommand } from './list.ts';
import { activateCommand, backOutCommand, handOverCommand, retireCommand, revokeCommand } from './rotate.ts';
import { stageCommand } from './stage.ts';
import { fetchesCommand, planCommand, statusCommand } from './status.ts';

/** `ic-idp key ...` */
export function keyCommand(): Command {
  const command = new Command('key')
    .description('Signing keys: show them, rotate them')
    .addHelpText('after', '\nExample:\n  ic-idp key status');
  for (const make of [
    listCommand,
    statusCommand,
    planCommand,
    fetchesCommand,
    stageCommand,
    activateCommand,
    handOverCommand,
    canaryCommand,
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
