/** A page at Invoice Cloud, and how the portal speaks of it. */
interface DestinationText {
  readonly title: string;
  readonly sentence: string;
  /** A path of an icon of 24 by 24. */
  readonly icon: string;
}

/** Invoice Cloud's pages by the names that the API takes. */
export const DESTINATIONS = {
  bills: {
    title: 'Recent bills',
    sentence: 'See this month’s bill and those of the last two years, and pay.',
    icon: 'M6 3h9l4 4v14H6zM14 3v5h5M9 13h6M9 17h6',
  },
  autopay: {
    title: 'AutoPay',
    sentence: 'Pay every bill on its due date, without thinking of it.',
    icon: 'M20 11a8 8 0 0 0-14-4L4 9M4 4v5h5M4 13a8 8 0 0 0 14 4l2-2M20 20v-5h-5',
  },
  'payment-methods': {
    title: 'Payment methods',
    sentence: 'Cards and bank accounts that you pay with.',
    icon: 'M3 6h18v12H3zM3 10h18M7 15h3',
  },
  'scheduled-payments': {
    title: 'Scheduled payments',
    sentence: 'Payments that are still to come. Change or cancel them.',
    icon: 'M4 6h16v15H4zM4 10h16M8 3v5M16 3v5M12 13v3l2 1',
  },
  paperless: {
    title: 'Paperless billing',
    sentence: 'Get your bill by email instead of on paper.',
    icon: 'M3 6h18v12H3zM3 7l9 6 9-6',
  },
} as const satisfies Record<string, DestinationText>;

export type Destination = keyof typeof DESTINATIONS;

export const isDestination = (text: string | undefined): text is Destination =>
  text !== undefined && Object.hasOwn(DESTINATIONS, text);
