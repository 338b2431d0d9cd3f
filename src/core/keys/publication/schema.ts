import type { Generated, GeneratedAlways } from 'kysely';

/** Fetches of IdP metadata: which clients were shown which certificates. One row for the same fetches of a day. */
export interface MetadataFetchesTable {
  id: GeneratedAlways<number>;
  billerId: string;
  /** Of the last one. */
  at: Date;
  address: string;
  /** The User-Agent. */
  client: string;
  /** 200; 304: the client had already been shown the same document; 499: the client did not take it whole. */
  status: number;
  /** SHA-256 of the certificates, hexadecimal, in the order of the document. */
  certificates: string[];
  /** According to the biller's settings, not the Service Provider but one of our monitors or an unknown client. */
  monitor: boolean;
  /** Of a one-time URL. */
  oneTime: Generated<boolean>;
  count: Generated<number>;
  /** Of all that makes fetches the same; null for a single fetch that an earlier version recorded. */
  digest: Buffer | null;
}

/** One-time metadata URLs: the Service Provider's fetch activates the staged key. */
export interface OneTimeMetadataTable {
  /** SHA-256 of the token in the URL. */
  tokenHash: Buffer;
  billerId: string;
  keyId: string;
  createdAt: Date;
  expiresAt: Date;
  /** Networks (CIDR) that the fetch must come from; empty: any. */
  networks: string[];
  usedAt: Date | null;
  usedFrom: string | null;
  /** When the Service Provider’s form had the lasting metadata URL again, as an operator said. */
  replacedAt: Date | null;
}

declare module '../../../platform/database/database.ts' {
  interface Tables {
    metadataFetches: MetadataFetchesTable;
    oneTimeMetadata: OneTimeMetadataTable;
  }
}
