import { Command } from 'commander';
import { print } from '../output.ts';

/** `ic-idp migrate` */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the tables up to date; only needed if the service’s database role does not own them')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The service does the same when it starts. If its role may not, stop before you start the new version, and run this
with the owner's DATABASE_URL. No master key is needed.

Example:
  DATABASE_URL=postgres://owner:...@db.internal/ic_idp ic-idp migrate`,
    )
    .action(async ({ json }: { json?: boolean }) => {
      const { readDatabaseSettings } = await import('../../../config.ts');
      const { openDatabase } = await import('../../../platform/database/open.ts');
      const database = await openDatabase(readDatabaseSettings(process.env));
      await database.close();
      print({ upToDate: true }, json, () => 'The tables are up to date.');
    });
}
