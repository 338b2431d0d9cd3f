import { EMAIL } from '../stage.ts';

/** The body of a launch that is acceptable but for what `over` says. */
export const launchBody = (over: Record<string, unknown> = {}) => ({
  user: { id: 'u-1', email: EMAIL, accounts: [{ number: '501Invoice', role: 'owner' }] },
  account: '501Invoice',
  destination: 'bills',
  ...over,
});

/** @returns the path of an address of this service */
export const pathOf = (url: string) => url.replace(/^https?:\/\/[^/]+/, '');
