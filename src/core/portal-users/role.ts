/** What a portal user may be to an account, e.g. `owner` or `co-owner`: mapped to a login type by the biller's settings. */
export const ROLE = /^[A-Za-z][\w-]{0,39}$/;
