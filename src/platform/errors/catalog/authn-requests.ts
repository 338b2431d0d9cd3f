import { type ErrorEntry, startAgain, tellUtility } from './entry.ts';

/** The checks of an AuthnRequest (SAML core, 3.2.1 and 3.4.1). */
export const authnRequestErrors = {
  saml_version_unsupported: {
    status: 400,
    title: 'The sign-on request has the wrong version',
    sentence: 'Only SAML 2.0 is spoken here.',
    remedy: tellUtility,
    saml: ['VersionMismatch'],
  },
  request_id_invalid: {
    status: 400,
    title: 'The sign-on request has no valid ID',
    sentence: 'The ID of the sign-on request is missing or not allowed.',
    remedy: tellUtility,
  },
  issue_instant_invalid: {
    status: 400,
    title: 'The sign-on request has no valid time',
    sentence: 'The time of the sign-on request is missing or not in UTC.',
    remedy: tellUtility,
  },
  request_stale: {
    status: 400,
    title: 'This sign-on request is too old',
    sentence: 'The sign-on request was made too long ago, or in the future.',
    remedy: startAgain,
  },
  issuer_unknown: {
    status: 400,
    title: 'We don’t know who asks',
    sentence: 'The sign-on request comes from a service that your utility has not registered.',
    remedy: tellUtility,
  },
  destination_wrong: {
    status: 400,
    title: 'The sign-on request is for someone else',
    sentence: 'The sign-on request does not name this address as its destination.',
    remedy: tellUtility,
    saml: ['Requester'],
  },
  acs_unknown: {
    status: 400,
    title: 'The answer has nowhere to go',
    sentence: 'The sign-on request asks for an answer to an address that your utility has not registered.',
    remedy: tellUtility,
  },
  protocol_binding_unsupported: {
    status: 400,
    title: 'The sign-on request asks for an unsupported binding',
    sentence: 'The sign-on request asks for an answer in a way that is not offered here.',
    remedy: tellUtility,
    saml: ['Requester', 'UnsupportedBinding'],
  },
  signature_missing: {
    status: 400,
    title: 'The sign-on request is not signed',
    sentence: 'Sign-on requests for your utility must be signed by Invoice Cloud, and this one is not.',
    remedy: tellUtility,
  },
  signature_invalid: {
    status: 400,
    title: 'The signature of the sign-on request is not valid',
    sentence: 'The sign-on request was changed on the way, or was not signed by Invoice Cloud.',
    remedy: tellUtility,
  },
  signature_algorithm_refused: {
    status: 400,
    title: 'The signature of the sign-on request is too weak',
    sentence: 'The sign-on request is signed in a way that is not safe enough, or not known here.',
    remedy: tellUtility,
  },
  name_id_policy_unsupported: {
    status: 400,
    title: 'The name format asked for is not available',
    sentence: 'The sign-on request asks for a kind of name identifier that is not agreed for your utility.',
    remedy: tellUtility,
    saml: ['Requester', 'InvalidNameIDPolicy'],
  },
  authn_context_unsupported: {
    status: 400,
    title: 'The way of signing in asked for is not available',
    sentence: 'The sign-on request asks for a way of signing in that this service can’t offer.',
    remedy: tellUtility,
    saml: ['Responder', 'NoAuthnContext'],
  },
  reauthentication_impossible: {
    status: 400,
    title: 'You can’t sign in again here',
    sentence:
      'Invoice Cloud asks for a new sign-in, and you came from your utility’s website, which is where you sign in.',
    remedy: tellUtility,
    saml: ['Responder', 'AuthnFailed'],
  },
  no_passive: {
    status: 400,
    title: 'You would have to sign in first',
    sentence: 'The sign-on request forbids any page on the way, and one is needed.',
    remedy: startAgain,
    saml: ['Responder', 'NoPassive'],
  },
  unknown_principal: {
    status: 403,
    title: 'Somebody else was asked for',
    sentence: 'The sign-on request names another person than the one who is signed in.',
    remedy: 'Sign out, and sign in as the person that Invoice Cloud asks for.',
    saml: ['Requester', 'UnknownPrincipal'],
  },
  relay_state_invalid: {
    status: 400,
    title: 'The sign-on request carries too much',
    sentence: 'A part of the sign-on request is too long or has characters that can’t be returned unchanged.',
    remedy: tellUtility,
  },
} as const satisfies Record<string, ErrorEntry>;
