/** Times in SAML are xs:dateTime in UTC, written with Z (SAML core, 1.3.3). */

const DAY_SECONDS = 86_400;
const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
/** The day of the instant written last, with its `YYYY-MM-DDT`: nearly every one is of the same day. */
let dayKnown = Number.NaN;
let dayText = '';

/**
 * @param milliseconds since 1970, UTC
 * @returns e.g. `2026-03-01T08:30:00Z`; whole seconds, because SAML asks for no finer resolution than milliseconds
 * and some Service Providers read none
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

/** @returns milliseconds since 1970, or undefined where the text is no xs:dateTime in UTC */
export function parseInstant(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const milliseconds = Date.parse(`${match[1]}${(match[2] ?? '').slice(0, 4)}Z`);
  // Date.parse rolls 31 February over to March; writing it again shows that.
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString().slice(0, 19) !== match[1]) return undefined;
  return milliseconds;
}
