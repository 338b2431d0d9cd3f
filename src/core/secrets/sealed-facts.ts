/** Facts about the installation that are secrets. Each is sealed, and its name is also its sealing context. */
export const HASH_SECRET = 'email secret';
export const WEBHOOK = 'webhook';
