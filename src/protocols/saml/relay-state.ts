/**
 * Says whether RelayState can come back as it came (SAML bindings, 3.5.3). A browser normalises line breaks in a form, and
 * half of a surrogate pair has no UTF-8.
 */
export function comesBackUnchanged(relayState: string): boolean {
  return !/\p{Cc}|\p{Cs}/u.test(relayState);
}
