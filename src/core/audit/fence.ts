/**
 * What a signature relies on, as this instance read it, possibly from a cache. The database commits the event only if
 * all of it is still so.
 */
export interface Fence {
  readonly billerVersion: string;
  /** Fingerprint of the key that will sign. */
  readonly key: string;
  /** Undefined if nobody's identity is stated. */
  readonly session?: { readonly idHash: Buffer; readonly userVersion: string };
}

/** What an event relied on has changed since it was read, so that the event was not committed. */
export class OutdatedState extends Error {
  /** The biller whose data to read again. */
  readonly billerId: string;

  constructor(billerId: string) {
    super('the biller, its key, the session or the portal user has changed since it was read');
    this.name = 'OutdatedState';
    this.billerId = billerId;
  }
}
