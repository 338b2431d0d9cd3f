import { errorCatalogue } from '../../src/platform/errors/catalogue.ts';
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
  const entries = Object.entries(errorCatalogue) as [string, Entry][];
  return generatedPage('Errors', 'src/platform/errors/catalogue.ts', [
    'A sign-on that fails shows a page with a title, what happened, what to do, a reference of three words that can be read out over the phone, and the error code. The codes are stable: they are never renamed. A client that asks for JSON gets the same as `application/problem+json` (RFC 9457).',
    'The page never shows what was expected and what came in. An operator finds that under the reference for a week, and the audit events for as long as the audit is kept:',
    '```sh\nnpx ic-idp trace <reference>\nnpx ic-idp audit --reference <reference>\n```',
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
  ]);
}
