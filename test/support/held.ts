declare module 'vitest' {
  interface TaskMeta {
    /** The lines of the checklist that the test proves, e.g. IDP-014: see tools/docs/checklist.ts. */
    holds?: readonly string[];
    /** Where the rule comes from: a section of a standard, or this project. */
    source?: string;
  }
}

/** The options of a test that proves lines of the checklist, for use in a table of cases. */
export interface Held {
  readonly meta: { readonly holds: readonly string[]; readonly source: string };
}
