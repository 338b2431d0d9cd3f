/**
 * How long to wait, as people say it. Rounded up, so that the wait is over when they come back.
 *
 * @param seconds at least 0
 * @returns e.g. "a minute", "15 minutes", "2 hours"
 */
export function waitInWords(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  if (minutes <= 1) return 'a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.ceil(minutes / 60);
  return hours === 1 ? 'an hour' : `${hours} hours`;
}
