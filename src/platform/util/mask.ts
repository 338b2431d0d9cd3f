/** Longer than anything that is shown: what lies beyond is not searched for email addresses. */
const MAX_MASKED = 2_000;

/** Characters that separate words in text and in URLs. */
const BETWEEN_WORDS = /([\s"'<>()[\]{}=&?/:;,|]+)/;

/** Hides a value except for what distinguishes it from others: its first and last character, and its length. */
export function mask(value: string): string {
  const characters = [...value];
  if (characters.length < 3) return '•'.repeat(characters.length);
  return `${characters[0]}•••${characters.at(-1)} (${characters.length} characters)`;
}

/**
 * Masks whatever looks like an email address and keeps the text around it.
 *
 * @returns the masked text; only the beginning of a text longer than 2,000 characters
 */
export function maskEmails(text: string): string {
  if (!/@|%40/.test(text)) return text;
  const words = text.slice(0, MAX_MASKED).split(BETWEEN_WORDS);
  // The last word may be an address that was cut before its @.
  const isCut = (position: number) => text.length > MAX_MASKED && position === words.length - 1;
  const maskWord = (word: string, position: number) =>
    isCut(position) || /.(?:@|%40)./.test(word) ? mask(word) : word;
  return words.map(maskWord).join('');
}
