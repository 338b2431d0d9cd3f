import { readFileSync } from 'node:fs';
import { Command } from 'commander';

/** A command of `ic-idp`: its line in the help, and its module, which is loaded on demand. */
interface Entry {
  readonly description: string;
  readonly load: () => Promise<Command>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  biller: {
    description: 'Billers: add, import, update, refresh, list, show, remove',
    load: async () => (await import('./commands/biller/biller.ts')).billerCommand(),
  },
  user: {
    description: 'Portal users: add, import, update, list, show, disable, enable, remove',
    load: async () => (await import('./commands/user/user.ts')).userCommand(),
  },
  'api-key': {
    description: 'Keys for the API that portals use: add, list, revoke',
    load: async () => (await import('./commands/api-key.ts')).apiKeyCommand(),
  },
  launch: {
    description: 'Make a launch as the portal’s back end would, to test it by hand',
    load: async () => (await import('./commands/launch.ts')).launchCommand(),
  },
  session: {
    description: 'Sessions of portal users: list, end',
    load: async () => (await import('./commands/session.ts')).sessionCommand(),
  },
  key: {
    description: 'Signing keys: show them, rotate them',
    load: async () => (await import('./commands/key/key.ts')).keyCommand(),
  },
  'master-key': {
    description: 'The master key that seals private keys: status, rotate',
    load: async () => (await import('./commands/master-key.ts')).masterKeyCommand(),
  },
  webhook: {
    description: 'Where warnings are sent: set, show, test, remove',
    load: async () => (await import('./commands/webhook.ts')).webhookCommand(),
  },
  metadata: {
    description: 'Print the IdP metadata of a biller, as its Metadata URL serves it',
    load: async () => (await import('./commands/metadata.ts')).metadataCommand(),
  },
  link: {
    description: 'Print a redirect link, to test a biller or to put on a portal page',
    load: async () => (await import('./commands/link.ts')).linkCommand(),
  },
  audit: {
    description: 'List audit events, newest first; all given filters must match',
    load: async () => (await import('./commands/audit.ts')).auditCommand(),
  },
  trace: {
    description: 'Show how a sign-on failed, by the reference on its error page; kept for a week',
    load: async () => (await import('./commands/trace.ts')).traceCommand(),
  },
  inspect: {
    description: 'Explain a SAMLRequest or SAMLResponse check by check',
    load: async () => (await import('./commands/inspect.ts')).inspectCommand(),
  },
  migrate: {
    description: 'Bring the tables up to date; only needed if the service’s database role does not own them',
    load: async () => (await import('./commands/migrate.ts')).migrateCommand(),
  },
  installation: {
    description: 'The installation itself: show, move',
    load: async () => (await import('./commands/installation.ts')).installationCommand(),
  },
  doctor: {
    description: 'Report problems with this installation and how to fix them; exit code 1 if there are any',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  },
};

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** After a wrong option, every command says how to list the accepted ones. */
function addHint(command: Command): void {
  command.showHelpAfterError('(--help shows what is accepted)');
  command.commands.forEach(addHint);
}

/**
 * Builds `ic-idp`; nothing runs yet. `docs/cli.md` is generated from it.
 *
 * @param asked the command to load; the others only get their line in the help. Undefined: all are loaded.
 */
export async function createProgram(asked?: string): Promise<Command> {
  const program = new Command('ic-idp')
    .description('SAML 2.0 Identity Provider for Invoice Cloud sign-on')
    .addHelpText(
      'after',
      '\nSettings come from the environment and from .env: see docs/settings.md.\n\nExample:\n  ic-idp biller list',
    )
    .version(version, '--version', 'print the version');
  for (const [name, { description, load }] of Object.entries(COMMANDS)) {
    const wanted = asked === undefined || asked === name;
    program.addCommand(wanted ? await load() : new Command(name).description(description));
  }
  addHint(program);
  return program;
}

/**
 * @param words what follows `ic-idp` on the command line
 * @returns the command that they name: `ic-idp help biller` names biller, as `ic-idp biller --help` does
 */
export function askedCommand(words: readonly string[]): string {
  const [first = '', second = ''] = words.filter((word) => !word.startsWith('-'));
  return first === 'help' ? second : first;
}
