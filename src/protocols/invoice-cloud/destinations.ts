/** Invoice Cloud pages that a redirect link can open, by their usual names. */
export const DESTINATIONS = {
  bills: 1,
  paperless: 2,
  autopay: 3,
  'payment-methods': 5,
  'scheduled-payments': 9,
} as const;

export type DestinationName = keyof typeof DESTINATIONS;

/** The label of each destination on pages for portal users. */
export const DESTINATION_LABELS: Readonly<Record<DestinationName, string>> = {
  bills: 'Pay my bill',
  paperless: 'Paperless billing',
  autopay: 'AutoPay',
  'payment-methods': 'Payment methods',
  'scheduled-payments': 'Scheduled payments',
};

export const DESTINATION_NAMES = Object.keys(DESTINATIONS) as DestinationName[];

/**
 * @param text a name from the list, or a positive number, which is passed through unchanged
 * @returns the DeepLinkID, or undefined if the text is neither
 */
export function readDestination(text: string): number | undefined {
  if (Object.hasOwn(DESTINATIONS, text)) return DESTINATIONS[text as DestinationName];
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}
