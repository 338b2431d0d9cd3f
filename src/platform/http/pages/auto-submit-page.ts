import { autoSubmitScript } from './assets.ts';
import { autoSubmitForm } from './auto-submit-form.ts';
import type { Help } from './help.ts';
import { hiddenInput } from './hidden-inputs.ts';
import { layout } from './layout.ts';

/** Writes the page for one sign-on. `samlResponse` is base64; `relayState` is left out only if undefined. */
export type AutoSubmitPage = (samlResponse: string, relayState: string | undefined) => string;

/**
 * Writes every character beyond ASCII as a reference. V8 stores a string in one byte per character only if none is beyond
 * Latin-1; a single one makes the whole page twice as large in memory and slow to encode, at every sign-on.
 */
function asAscii(page: string): string {
  const ascii = page.replace(/[\u0080-\u{10FFFF}]/gu, (character) => `&#${character.codePointAt(0)};`);
  // Replacing leaves a string of two bytes per character as it is; decoding it again does not.
  return Buffer.from(ascii, 'latin1').toString('latin1');
}

// Marks where the form's fields go. No value can contain it, because `<` is escaped in all of them.
const gap = '<!--fields-->';

/**
 * The page that posts a SAML Response to the ACS (SAML bindings, 3.5.4). Every sign-on passes through it, so the parts that
 * are the same for a biller and an ACS are written here, once, and the returned function only joins strings. Keep it.
 *
 * The returned function throws a TypeError if `samlResponse` is not base64 and could end its attribute. A `relayState`
 * must not contain control characters: see hiddenInput.
 */
export function prepareAutoSubmitPage(billerName: string, acsUrl: string, help?: Help): AutoSubmitPage {
  const page = asAscii(
    layout({
      title: 'Taking you to Invoice Cloud…',
      billerName,
      help,
      script: autoSubmitScript.path,
      body: autoSubmitForm(acsUrl, gap, ` If that does not help, start again from the ${billerName} website.`),
    }),
  );
  const at = page.indexOf(gap);
  const before = `${page.slice(0, at)}<input type="hidden" name="SAMLResponse" value="`;
  const after = page.slice(at + gap.length);

  return (samlResponse, relayState) => {
    // Base64 needs no escaping. Only these two could do harm inside double quotes, and searching for them costs nothing.
    if (samlResponse.includes('"') || samlResponse.includes('&')) {
      throw new TypeError('The SAML Response is not base64. Encode it before it is put into the page.');
    }
    const relay = relayState === undefined ? '' : hiddenInput('RelayState', relayState);
    return `${before}${samlResponse}">${relay}${after}`;
  };
}
