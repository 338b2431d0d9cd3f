/** What the page of a signed-in portal user says, besides where to go. */
export const NOTICES = {
  answered: 'That choice has already been used to take you to Invoice Cloud. Choose where to go now:',
  over: 'The page that you came from was too old, or belongs to another window. Choose where to go now:',
} as const;

export type Notice = keyof typeof NOTICES;

export const isNotice = (text: string | undefined): text is Notice =>
  text !== undefined && Object.hasOwn(NOTICES, text);

/** @returns the path of the page where a portal user signs in, and then sees where to go with each account */
export const signedInPath = ({ slug }: { readonly slug: string }, notice?: Notice): string =>
  `/login/${slug}${notice === undefined ? '' : `?notice=${notice}`}`;
