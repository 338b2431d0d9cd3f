/** A command that can be shown as code. */
export const PLAIN_COMMAND = /^(?!.*`)[\p{L}\p{N}\p{P}\p{S} ]{1,200}$/u;
/** In code, or at the beginning of a line of examples. Elsewhere it is the program's name. */
const CALL = /(`|^ {2})ic-idp (?=[a-z<-])/gm;

/**
 * Writes commands in a message as they are typed where the program runs, so that they can be copied: messages say
 * `ic-idp`, which a shell finds only if it is on PATH.
 *
 * @param text a message, help, or JSON with them
 * @param command how `ic-idp` is called: the launcher, or the container's image, says so in IC_IDP_COMMAND
 * @param otherwise how it is called if that is unset or not usable
 */
export function asTyped(text: string, command: string | undefined, otherwise = 'ic-idp'): string {
  const typed = command !== undefined && PLAIN_COMMAND.test(command) ? command : otherwise;
  return text.replace(CALL, (_, before: string) => `${before}${typed} `);
}
