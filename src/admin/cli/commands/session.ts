import { Command } from 'commander';
import { operate } from '../operate.ts';
import { print, table } from '../output.ts';

const minute = (time: string) => time.slice(0, 16).replace('T', ' ');

function listCommand(): Command {
  return new Command('list')
    .description('List who is signed in at a biller, the last seen first')
    .argument('<biller>', 'slug of the biller')
    .option('--email <email>', 'sessions of this portal user')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  ic-idp session list riverton-water --email ada@example.com')
    .action(async (biller: string, { email, json }: { email?: string; json?: boolean }) => {
      print(await operate('session.list', { biller, email }), json, (sessions) =>
        sessions.length === 0
          ? 'Nobody is signed in.'
          : table(
              ['Session', 'Email', 'Known by', 'Signed in (UTC)', 'Last seen', 'Ends'],
              sessions.map(({ session, email: address, beganBy, authenticatedAt, lastSeenAt, expiresAt }) => [
                session,
                address,
                beganBy,
                ...[authenticatedAt, lastSeenAt, expiresAt].map(minute),
              ]),
            ),
      );
    });
}

function endCommand(): Command {
  type Options = { email?: string; session?: string; all?: boolean; reason?: string; json?: boolean };
  return new Command('end')
    .description('End sessions, on every instance at once; who was signed in must sign in again')
    .argument('<biller>', 'slug of the biller')
    .option('--email <email>', 'all sessions of this portal user')
    .option('--session <id>', 'one session, as listed')
    .option('--all', 'all sessions at the biller')
    .option('--reason <text>', 'why, for the audit')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nThe portal user stays signed in at Invoice Cloud.\n\nExample:\n  ic-idp session end riverton-water --email ada@example.com --reason "lost phone"',
    )
    .action(async (biller: string, { json, ...which }: Options) => {
      print(await operate('session.end', { biller, ...which }), json, ({ ended }) =>
        ended === 1 ? 'Ended 1 session.' : `Ended ${ended} sessions.`,
      );
    });
}

/** `ic-idp session ...` */
export function sessionCommand(): Command {
  return new Command('session')
    .description('Sessions of portal users: list, end')
    .addHelpText('after', '\nExample:\n  ic-idp session list riverton-water')
    .addCommand(listCommand())
    .addCommand(endCommand());
}
