import { InputError, nameField } from '../../platform/errors/idp-error.ts';
import type { InputCode } from '../../platform/errors/input-codes.ts';
import type { OperationName } from '../operations/registry.ts';
import { optionOf } from './options/field-options.ts';

type Names = InputError['names'];

const IN_THE_CLEAR = 'Or choose --encrypt never: assertions are then protected by TLS only.';

/** How to fix a refused command, by error code. Follows the message. */
export const HINTS: { readonly [Code in InputCode]?: (names: Names, operation: OperationName) => string } = {
  nothing_to_change: (_, operation) => `\`ic-idp ${operation.replace('.', ' ')} --help\` shows what can be changed.`,
  biller_not_found: () => '`ic-idp biller list` shows all.',
  biller_exists: () => 'Choose another slug, or change it with `ic-idp biller update`.',
  service_provider_missing: () => 'Give --sp-metadata <file|url>, or --entity-id and --acs.',
  service_provider_twice: () => 'That is either --sp-metadata, or --entity-id with --acs.',
  service_provider_of_another_biller: () => 'Nothing was done; if it is, confirm it with --yes.',
  service_provider_incomplete: () => 'Give --entity-id and --acs together.',
  request_signature_unverifiable: () => 'Give --sp-metadata that has one, or --sp-certificate.',
  encryption_certificate_missing: () => 'Give --sp-metadata that has one, or --sp-encryption-certificate.',
  encryption_unsupported: () => IN_THE_CLEAR,
  oidc_users_of_another_issuer: () =>
    'Give --oidc-users keep if the same people have the same IDs there, or --oidc-users remove.',
  user_not_found: () => '`ic-idp user list` lists the users of a biller.',
  user_ambiguous: () => 'Say which one with --source, and --id if there is one.',
  api_key_not_found: ({ biller }) => `\`ic-idp api-key list ${biller}\` shows them.`,
  api_keys_too_many: ({ biller }) => `\`ic-idp api-key list ${biller}\` shows when each was last used.`,
  user_exists: (_, operation) =>
    operation === 'user.add' ? 'Change it with `ic-idp user update`.' : 'Nobody else of the biller can have it.',
  user_disabled: ({ biller }, operation) =>
    operation === 'key.canary'
      ? `Choose another one: \`ic-idp user list ${biller}\`.`
      : 'Enable them first: `ic-idp user enable`.',
  session_not_found: ({ biller }) => `\`ic-idp session list ${biller}\` shows who is signed in.`,
  sessions_unclear: () => 'Give one of --email, --session and --all.',
  key_not_found: ({ biller }) => `\`ic-idp key list ${biller}\` shows what there is.`,
  key_ambiguous: ({ biller }) => `\`ic-idp key list ${biller}\` shows what there is.`,
  key_changed: ({ biller }) => `Look at \`ic-idp key status ${biller}\` and try again.`,
  staged_key_exists: ({ biller }) => `Activate it, or retire it with \`ic-idp key retire ${biller} --staged\`.`,
  staged_key_missing: ({ biller }) => `Stage one first: \`ic-idp key stage ${biller}\`.`,
  retiring_key_exists: ({ biller }) => `Retire it first: \`ic-idp key retire ${biller}\`.`,
  activation_unsafe: () =>
    '--force --reason "..." activates it anyway: sign-ons fail wherever the new certificate is not known.',
  activation_unconfirmed: ({ biller }) =>
    `If you know both, confirm it with --yes. Clients that are listed with \`ic-idp biller update ${biller} --metadata-client <address or User-Agent>\` are the only ones that count.`,
  canary_running: ({ biller }) => `Judge it or stop it first: \`ic-idp key canary ${biller} --stop\`.`,
  canary_missing: ({ biller }) =>
    `Start one with \`ic-idp key canary ${biller} --user <email>\`; for the active key, name it with --fingerprint.`,
  canary_unsuitable: ({ biller }) =>
    `\`ic-idp key status ${biller}\` says what comes next. If it does keep several certificates: \`ic-idp biller update ${biller} --rotation overlap\`.`,
  nothing_signed: () => 'Sign on first, and look at the page of Invoice Cloud.',
  key_unproven: ({ biller }) =>
    `Sign on, look at the page of Invoice Cloud, then say what it did: \`ic-idp key canary ${biller} --accepted\`, or \`ic-idp key back-out ${biller}\` if it refused.`,
  key_in_flight: () => 'Or give --force.',
  replacement_missing: () => 'Give --replace to make one.',
  key_request_missing: () => 'Make one with `ic-idp key request`.',
  webhook_missing: () => 'Set one with `ic-idp webhook set <url>`.',
  message_biller_unclear: () => 'Say which with --biller <slug>.',
};

/** @returns the same error in terms of the command line: options instead of fields, and what to do */
export function inCliWords(error: InputError, operation: OperationName): InputError {
  const { complaint, code, field, given, names } = error;
  const named = nameField(field === undefined ? undefined : optionOf(operation, field), given, complaint);
  const hint = HINTS[code]?.(names, operation);
  return new InputError(hint === undefined ? named : `${named} ${hint}`, { code, names, cause: error });
}
