/** SAML times are xs:dateTime in UTC, written with Z (SAML core, 1.3.3). */

const DAY_SECONDS = 86_400;
const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
/** The last day formatted, and its `YYYY-MM-DDT`. Nearly all instants fall on the same day. */
let dayKnown = Number.NaN;
let dayText = '';

/**
 * @param milliseconds since 1970, UTC
 * @returns e.g. `2026-03-01T08:30:00Z`. Whole seconds: SAML requires no finer resolution, and some Service Providers
 * can't read fractions.
 */
export function formatInstant(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const day = Math.floor(seconds / DAY_SECONDS);
  if (day !== dayKnown) {
    dayText = new Date(milliseconds).toISOString().slice(0, 11);
    dayKnown = day;
  }
  const ofDay = seconds - day * DAY_SECONDS;
  const minutes = Math.floor(ofDay / 60);
  return `${dayText}${TWO_DIGITS[Math.floor(minutes / 60)]}:${TWO_DIGITS[minutes % 60]}:${TWO_DIGITS[ofDay % 60]}Z`;
}

const INSTANT = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,12})?Z$/;

/** @returns milliseconds since 1970, or undefined if the text is not an xs:dateTime in UTC */
export function parseInstant(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const milliseconds = Date.parse(`${match[1]}${(match[2] ?? '').slice(0, 4)}Z`);
  // Date.parse rolls February 31 over into March; formatting the result again reveals that.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString().slice(0, 19) !== match[1]) return undefined;
  return milliseconds;
}
