import { Command } from 'commander';
import { InputError } from '../../../../platform/errors/idp-error.ts';
import { operate } from '../../operate.ts';
import { JSON_OPTION, print } from '../../output.ts';
import { idOption, sourceOption } from '../user/any-source.ts';

interface CanaryOptions {
  readonly user?: string;
  readonly source?: 'directory' | 'portal' | 'oidc';
  readonly id?: string;
  readonly stop?: boolean;
  readonly accepted?: boolean;
  readonly refused?: boolean;
  readonly fingerprint?: string;
  readonly reason?: string;
  readonly json?: boolean;
}

function refuseUnclear({ user, source, id, stop, accepted, refused, fingerprint }: CanaryOptions): void {
  const given = [user !== undefined, stop, accepted, refused].filter((one) => one === true);
  if (given.length !== 1) {
    throw new InputError('Give one of --user <email>, --stop, --accepted and --refused.', {
      code: 'canary_choice_unclear',
    });
  }
  if (fingerprint !== undefined && accepted !== true && refused !== true) {
    throw new InputError('--fingerprint goes with --accepted or --refused.', { code: 'canary_choice_unclear' });
  }
  if ((source !== undefined || id !== undefined) && user === undefined) {
    throw new InputError('--source and --id go with --user.', { code: 'canary_choice_unclear' });
  }
}

/** `ic-idp key canary` */
export function canaryCommand(): Command {
  return new Command('canary')
    .description('Prove the new key: sign one test user’s sign-ons with it, and say what Invoice Cloud did with them')
    .argument('<biller>', 'slug of the biller')
    .option('--user <email>', 'sign the sign-ons of this portal user with the staged key')
    .addOption(sourceOption())
    .addOption(idOption())
    .option('--stop', 'stop that, without a verdict')
    .option('--accepted', 'Invoice Cloud accepted a sign-on with the new key: you saw its page')
    .option('--refused', 'Invoice Cloud refused a sign-on with the new key')
    .option(
      '--fingerprint <sha256>',
      'which key that was, by the beginning of its fingerprint (default: the canary’s, or the active one)',
    )
    .option('--reason <text>', 'why; written into the audit')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExamples:\n  ic-idp key canary riverton-water --user test@example.com\n  ic-idp key canary riverton-water --accepted',
    )
    .action(async (biller: string, options: CanaryOptions) => {
      refuseUnclear(options);
      const { user, source, id: externalId, stop, accepted, fingerprint, reason, json } = options;
      const verdict = accepted === true ? 'accepted' : 'refused';
      const result =
        user !== undefined
          ? await operate('key.canary', { biller, user, source, externalId, reason })
          : stop === true
            ? await operate('key.stop-canary', { biller, reason })
            : await operate('key.judge', { biller, verdict, fingerprint, reason });
      const next =
        user === undefined
          ? ''
          : `\nSign on as this portal user, look at the page of Invoice Cloud, and say what it did: \`ic-idp key canary ${biller} --accepted\` or \`--refused\`.`;
      print(result, json, ({ sentence }) => `${biller}: ${sentence}${next}`);
    });
}
