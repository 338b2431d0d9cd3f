import type { Biller } from '../../../core/billers/biller.ts';

/** @returns what to know about a key that was just staged @param what begins the sentence, e.g. `A key` */
export function stagedSentence({ settings, slug }: Biller, what: string): string {
  return settings.rotation === 'overlap'
    ? `${what} is staged and published beside the active one, which still signs.`
    : `${what} is staged. Its certificate is shown only by a one-time metadata URL: \`ic-idp key hand-over ${slug}\`.`;
}
