/** One finding: what was looked at, whether it is well, and otherwise how to mend it. */
export interface Finding {
  readonly subject: string;
  readonly level: 'ok' | 'warning' | 'error';
  readonly finding: string;
  readonly remedy?: string;
}
