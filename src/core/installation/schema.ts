/** A running instance of the service. */
export interface InstancesTable {
  id: string;
  host: string;
  pid: number;
  version: string;
  /** Check values of the master keys that it has, the sealing one first. */
  masterKeys: string[];
  startedAt: Date;
  /** When it last said that it runs. */
  seenAt: Date;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    instances: InstancesTable;
  }
}
