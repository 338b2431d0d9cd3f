/** The pages at Invoice Cloud that a redirect link can name, by the words that people use. */
export const DESTINATIONS = {
  bills: 1,
  paperless: 2,
  autopay: 3,
  'payment-methods': 5,
  'scheduled-payments': 9,
} as const;

export type DestinationName = keyof typeof DESTINATIONS;

/** What each destination is called on a page for portal users. */
export const DESTINATION_LABELS: Readonly<Record<DestinationName, string>> = {
  bills: 'Pay my bill',
  paperless: 'Paperless billing',
  autopay: 'AutoPay',
  'payment-methods': 'Payment methods',
  'scheduled-payments': 'Scheduled payments',
};

export const DESTINATION_NAMES = Object.keys(DESTINATIONS) as DestinationName[];

/**
 * @param text a name of the list, or a positive number, which is passed on as it is
 * @returns the DeepLinkID, or undefined where it is neither
 */
export function readDestination(text: string): number | undefined {
  if (Object.hasOwn(DESTINATIONS, text)) return DESTINATIONS[text as DestinationName];
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}
