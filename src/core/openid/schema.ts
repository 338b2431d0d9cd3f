/** What proves to its OpenID Connect provider who we are: one for each biller. */
export interface OpenidClientSecretsTable {
  billerId: string;
  issuer: string;
  clientId: string;
  sealedSecret: Buffer;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    openidClientSecrets: OpenidClientSecretsTable;
  }
}
