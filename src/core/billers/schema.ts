import type { Generated } from 'kysely';
import type { ServiceProvider } from '../../protocols/saml/sp-metadata/service-provider.ts';
import type { BillerSettings } from './settings.ts';

export interface BillersTable {
  id: Generated<string>;
  slug: string;
  name: string;
  billerGuid: string;
  serviceProvider: ServiceProvider;
  settings: BillerSettings;
  /** Makes persistent name identifiers pairwise and opaque. */
  pairwiseSalt: Buffer;
  /** Fixed when the installation moved to another address; null: its metadata URL. */
  entityId: Generated<string | null>;
  createdAt: Generated<Date>;
  updatedAt: Generated<Date>;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    billers: BillersTable;
  }
}
