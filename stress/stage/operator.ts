import { type Surroundings, startProgram } from '../../test/support/programs/cli.ts';

/** What a command printed, and when. */
interface Acknowledged {
  readonly output: string;
  /** When the operator could read it, in the time of performance.now(). */
  readonly at: number;
}

/** Runs `ic-idp` as an operator does. */
export interface Operator {
  /** @throws Error with what it printed if it fails */
  run(args: readonly string[], input?: string): Promise<Acknowledged>;
}

export function createOperator(surroundings: Surroundings): Operator {
  return {
    async run(args, input) {
      const { child, outcome } = startProgram('src/admin/cli/ic-idp.js', args, surroundings, input);
      let at = Number.POSITIVE_INFINITY;
      child.stdout.once('data', () => {
        at = performance.now();
      });
      const { code, stdout, stderr } = await outcome;
      if (code !== 0) throw new Error(`ic-idp ${args.join(' ')}: ${stderr}${stdout}`);
      return { output: stdout, at: Math.min(at, performance.now()) };
    },
  };
}
