import type { GeneratedAlways } from 'kysely';

/** Fetches of IdP metadata: who has been shown which certificates. */
export interface MetadataFetchesTable {
  id: GeneratedAlways<number>;
  billerId: string;
  at: Date;
  address: string;
  /** The User-Agent. */
  client: string;
  /** 200, or 304: the client had been shown the same before. */
  status: number;
  /** SHA-256 of the certificates, hexadecimal, in the order of the document. */
  certificates: string[];
  /** By the biller's settings this is not the Service Provider, but a probe of ours or a stranger. */
  monitor: boolean;
}

/** One-time metadata URLs: the Service Provider's fetch makes the staged key active. */
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
}

declare module '../../../platform/database/database.ts' {
  interface Tables {
    metadataFetches: MetadataFetchesTable;
    oneTimeMetadata: OneTimeMetadataTable;
  }
}
