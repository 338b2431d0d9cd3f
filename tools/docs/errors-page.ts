import { errorCatalog } from '../../src/platform/errors/catalog.ts';
import { inputCodes } from '../../src/platform/errors/input-codes.ts';
import { code, generatedPage, table } from './markdown.ts';

interface Entry {
  readonly status: number;
  readonly title: string;
  readonly sentence: string;
  readonly remedy: string;
  readonly saml?: readonly string[];
}

/** @returns docs/errors.md */
export function errorsPage(): string {
  const entries = Object.entries(errorCatalog) as [string, Entry][];
  return generatedPage('Errors', 'src/platform/errors/catalog.ts and input-codes.ts', [
    'A request that fails shows a page with a title, what happened, what to do, a reference of three words that can be read out over the phone, and the error code. The codes are stable: they are never renamed. A client that asks for JSON gets the same as `application/problem+json` (RFC 9457).',
    'The page never shows what was expected and what came in. An operator finds that under the reference for a week. A sign-on or a launch that was refused is also in the audit, for as long as that is kept. In a flood, strangers’ requests beyond a limit are only counted.',
    '```sh\n./ic-idp trace <reference>\n./ic-idp audit --reference <reference>\n```',
    'An error with a SAML status can be reported to the Service Provider once the Service Provider and its ACS are trusted. Everything else is shown to the person only.',
    table(
      ['Code', 'HTTP status', 'What the person reads', 'What the page says to do', 'SAML status'],
      entries.map(([name, { status, title, sentence, remedy, saml = [] }]) => [
        code(name),
        String(status),
        `**${title}.** ${sentence}`,
        remedy,
        saml.map(code).join(', '),
      ]),
    ),
    '## Input',
    'An operator’s input can be refused, too: by a command, which then ends with exit code 2, and by any other interface to the operations. The message says what is wrong and what is accepted; `field` is the path of the value in the input, e.g. `settings.clockSkewSeconds`. These codes are stable as well.',
    table(
      ['Code', 'Meaning'],
      Object.entries(inputCodes).map(([name, meaning]) => [code(name), meaning]),
    ),
  ]);
}
