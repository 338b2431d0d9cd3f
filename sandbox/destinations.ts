/** A page of the payment site. */
export interface Destination {
  /** Its name in the URL: a word, or its number for unlisted pages. */
  readonly slug: string;
  readonly deepLinkId: number;
  readonly title: string;
}

/** The named pages, in menu order. */
export const namedDestinations: readonly Destination[] = [
  { slug: 'bills', deepLinkId: 1, title: 'Bills' },
  { slug: 'paperless', deepLinkId: 2, title: 'Paperless' },
  { slug: 'autopay', deepLinkId: 3, title: 'AutoPay' },
  { slug: 'payment-methods', deepLinkId: 5, title: 'Payment methods' },
  { slug: 'scheduled-payments', deepLinkId: 9, title: 'Scheduled payments' },
];

/** The page for a DeepLinkID. */
export function destinationOf(deepLinkId: number): Destination {
  return (
    namedDestinations.find((destination) => destination.deepLinkId === deepLinkId) ?? {
      slug: String(deepLinkId),
      deepLinkId,
      title: `Page ${deepLinkId}`,
    }
  );
}

/** The page with this name in its URL, or undefined if there is none. */
export function destinationNamed(slug: string): Destination | undefined {
  if (/^[1-9][0-9]{0,8}$/.test(slug)) {
    return destinationOf(Number(slug));
  }
  return namedDestinations.find((destination) => destination.slug === slug);
}
