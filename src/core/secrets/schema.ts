/** Facts about the installation itself, e.g. which master key its secrets are sealed with. */
export interface InstallationTable {
  name: string;
  value: string;
}

declare module '../../platform/database/database.ts' {
  interface Tables {
    installation: InstallationTable;
  }
}
