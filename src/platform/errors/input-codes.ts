/**
 * Every way in which what an operator gave can be refused, by its stable code, and what it means. `docs/errors.md` is
 * made from this list. The words of the refusal itself come with the InputError; how to put it right is added by the
 * door that the input came through: the command line names commands and options, a page would name its own fields.
 */
export const inputCodes = {
  input_invalid: 'A value is missing, malformed or out of range. `field` names it.',
  operation_unknown: 'There is no such operation in this version.',
  role_missing: 'The operation needs a role that the operator does not have.',
  nothing_to_change: 'A change was asked for, and nothing to change was given.',
  reason_missing: 'This needs a reason, which is written into the audit.',

  biller_missing: 'An account is looked up at a biller, and none was named.',
  biller_not_found: 'No biller has this slug.',
  biller_exists: 'A biller has this slug already.',
  biller_guid_taken: 'The BillerGUID belongs to another biller.',
  biller_changed: 'The biller was changed by someone else since the difference was shown.',
  service_provider_missing: 'A new biller needs its Service Provider: SP metadata, or an entity ID and ACS URLs.',
  service_provider_twice: 'SP metadata was given together with ACS URLs or certificates.',
  service_provider_of_another_biller: 'Another biller has the same Service Provider, which may be a mistake.',
  service_provider_incomplete: 'A Service Provider entered by hand needs both an entity ID and an ACS URL.',
  sp_metadata_unusable: 'The SP metadata cannot be used; the message says which part is wrong.',
  claim_repeated: 'Two claims have the same name.',
  request_signature_unverifiable:
    'Requests must be signed, but no signing certificate of the Service Provider is known, or none that can be used.',
  encryption_certificate_missing: 'Assertions are to be encrypted, but no encryption certificate is known.',
  encryption_unsupported: 'The Service Provider offers no key or algorithm that assertions can be encrypted with.',

  client_secret_missing:
    'Sign-in by OpenID Connect needs the client secret that belongs to the issuer and the client ID.',
  client_secret_unusable: 'The client secret, or the private key, can’t be used.',
  oidc_users_of_another_issuer: 'Portal users are known by the IDs of the OpenID Connect provider before.',

  account_missing: 'A login type is looked up for an account, and none was named.',
  user_not_found: 'The biller has no portal user with this email address.',
  user_ambiguous: 'Several portal users of the biller are meant by this email address or ID.',
  import_over: 'The import of users has ended, or another one of the same users has begun since.',
  import_wrong: 'The rows of the import contradict each other, so that nothing of it can be done.',
  user_disabled: 'The portal user is disabled or was just removed, and can’t sign on.',
  user_exists: 'The biller already has a portal user with this email address.',

  api_key_not_found: 'The biller has no such API key, or it is revoked already.',
  api_keys_too_many: 'The biller has as many valid API keys as it may have.',

  session_not_found: 'No session was found that could be ended.',
  sessions_unclear: 'It is not clear which sessions to end.',

  one_time_url_unused: 'The biller has no fetched one-time metadata URL that is still to be replaced.',
  key_not_found: 'The biller has no such signing key.',
  key_ambiguous: 'Several signing keys have a fingerprint that begins like this.',
  key_changed: 'The keys of the biller were just changed by someone else.',
  key_already_revoked: 'The key is already revoked.',
  staged_key_exists: 'The biller has a staged key already.',
  staged_key_missing: 'This needs a staged key, and the biller has none.',
  retiring_key_exists: 'The retiring key of the last rotation must be retired first.',
  activation_unsafe:
    'Nothing shows that Invoice Cloud knows the certificate of the staged key, or it refused a sign-on with it.',
  activation_unconfirmed:
    'The certificate of the staged key was fetched, but nothing proves that Invoice Cloud trusts it. An operator must confirm that.',
  canary_running: 'The staged key of the biller signs for a portal user already.',
  canary_missing: 'No portal user’s sign-ons are signed by the staged key of the biller.',
  canary_unsuitable: 'A sign-on with the staged key would certainly be refused.',
  canary_choice_unclear: 'It is not clear what to do with the canary.',
  nothing_signed: 'No sign-on was signed with the key, so that none can have been accepted.',
  key_unproven: 'The old key stays until Invoice Cloud is known to accept sign-ons with the new one.',
  key_in_flight: 'The key was active until a moment ago, and what it signed may still be on its way.',
  replacement_missing: 'The active key can only be revoked together with its replacement.',
  key_request_missing: 'No certificate request is waiting for its certificate.',
  key_of_another_biller: 'Another biller has this signing key, or had it.',
  key_file_unusable: 'The key file, its certificate or its passphrase cannot be used.',
  key_not_exportable: 'This private key cannot leave the installation.',

  module_missing: 'No hardware security module (HSM) is configured.',
  module_failed: 'The HSM did not do what it was asked.',
  module_key_in_use: 'The key in the HSM is in use, or scheduled for destruction.',

  master_key_single: 'A rotation of the master key needs the new key and the old one.',
  master_key_changed: 'The master key was rotated by someone else at the same moment.',
  master_key_missing_on_instances: 'An instance of the service runs without the new master key.',
  master_key_old_in_use: 'An instance sealed secrets with the old master key in the meantime.',

  webhook_missing: 'There is no webhook.',
  trace_not_found: 'No trace is kept under this reference.',
  message_unreadable: 'The text is no SAML message that can be explained.',
  message_biller_unclear: 'The message does not say which biller it is for.',
} as const satisfies Record<string, string>;

export type InputCode = keyof typeof inputCodes;
