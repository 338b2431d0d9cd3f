import type { Table } from './table.ts';

/** What was asked for on the command line. */
export interface BenchOptions {
  /** `scale` writes what it found into docs/scale.md. */
  readonly writeDocs: boolean;
  /** `http` and `launch` also show where the CPU time of the service goes. */
  readonly profile: boolean;
  /** `scale` works with sizes divided by this. */
  readonly shrink: number;
}

/** One part of the bench. Everything it starts has ended when it is done. */
export interface Part {
  readonly name: string;
  readonly purpose: string;
  /** A part that takes minutes runs only when it is named. */
  readonly quick: boolean;
  run(options: BenchOptions): Promise<Table[]>;
}

/** Says what is being done; on standard error, so that the results stay clean. */
export function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
