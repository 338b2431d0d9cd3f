/**
 * Tells whether RelayState can be returned unchanged (SAML bindings, 3.5.3). Browsers normalize line breaks in forms,
 * and a lone surrogate has no UTF-8 encoding.
 */
export function comesBackUnchanged(relayState: string): boolean {
  return !/\p{Cc}|\p{Cs}/u.test(relayState);
}
