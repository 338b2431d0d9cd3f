import type { z } from 'zod';

/** How a field is called where an operator types it; every other one is the option of its name. */
const TYPED: Readonly<Record<string, string>> = {
  slug: '<slug>',
  biller: '<biller>',
  billers: '<biller>',
  email: '<email>',
  url: '<url>',
  billerGuid: '--guid',
  accounts: '--account',
  password: 'Password',
  spCertificates: '--sp-certificate',
  spEncryptionCertificates: '--sp-encryption-certificate',
};

/** Fields whose value may be repeated in a message: no password, no passphrase, no key. */
const SHOWN = new Set(['slug', 'billerGuid', 'email', 'days', 'hours']);

const characters = (count: number | bigint) => `${count} ${count === 1 ? 'character' : 'characters'}`;

/** Words for what a schema refuses without words of its own. For the `error` of a parse; zod fills in the rest. */
export const wordsForIssue: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'too_small') {
    const { minimum } = issue;
    return `must ${issue.origin === 'string' ? `have at least ${characters(minimum)}` : `be at least ${minimum}`}`;
  }
  if (issue.code === 'too_big') {
    const { maximum } = issue;
    return `must ${issue.origin === 'string' ? `have at most ${characters(maximum)}` : `be at most ${maximum}`}`;
  }
  if (issue.code === 'invalid_value') return `must be ${issue.values.map(String).join(' or ')}`;
  if (issue.code === 'invalid_type' && issue.expected === 'int') return 'must be a whole number';
  return undefined;
};

/**
 * Says which word of a command is wrong and what is accepted.
 *
 * @param issue the first one of a parse; a message that begins with an option names it itself
 */
export function issueInWords(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return 'The input is not acceptable.';
  const { message, path, input } = issue;
  const sentence = message.endsWith('.') ? message : `${message}.`;
  const [field] = path;
  if (sentence.startsWith('--') || typeof field !== 'string') return sentence;
  const typed = TYPED[field] ?? `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const given = SHOWN.has(field) && input !== undefined ? ` "${String(input)}"` : '';
  return `${typed}${given}: ${sentence}`;
}
