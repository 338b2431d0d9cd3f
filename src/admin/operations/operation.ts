import { z } from 'zod';
import { InputError } from '../../platform/errors/idp-error.ts';
import { inputErrorOf, wordsForIssue } from './input-issue.ts';
import type { ServiceName, Uses } from './services.ts';

/**
 * What an operator may be trusted with. `viewer` reads the configuration; `support` reads audit, traces and messages, which
 * contain personal data, and ends sessions; `onboarding` changes billers and portal users; `security` changes keys, API keys and the webhook.
 */
export const ROLES = ['viewer', 'support', 'onboarding', 'security'] as const;
export type Role = (typeof ROLES)[number];

/** Who acts, e.g. the operating system user who runs the command. */
export interface Actor {
  readonly name: string;
  readonly roles: readonly Role[];
}

/** An actor who may do everything. Whoever can run commands has the installation's secrets, so that roles add nothing. */
export const actorWithEveryRole = (name: string): Actor => ({ name, roles: ROLES });

/**
 * Something that an operator can do, through any interface.
 *
 * `output` declares the result as JSON (dates as ISO 8601 text). What `run` returns is parsed with it, so that nothing
 * undeclared leaks.
 */
export interface Operation<
  Name extends ServiceName = ServiceName,
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> {
  /** The services that it uses: `run` gets these. */
  readonly uses: readonly Name[];
  readonly input: Input;
  readonly output: Output;
  /** @throws InputError if the input cannot be accepted in the current state */
  run(services: Uses<Name>, input: z.output<Input>, actor: Actor): Promise<z.input<Output>>;
}

/** An operation of unknown types; only performOperation runs one. */
// biome-ignore lint/suspicious/noExplicitAny: the parameters of `run` differ from operation to operation.
export type AnyOperation = Operation<any, any, any>;

/** Ties an operation's schemas and services to its work, so that the compiler infers the rest. */
export function defineOperation<const Name extends ServiceName, Input extends z.ZodType, Output extends z.ZodType>(
  operation: Operation<Name, Input, Output>,
): Operation<Name, Input, Output> {
  return operation;
}

/**
 * Parses the input, runs the operation with the services that it uses, and parses what it returns.
 *
 * @param services at least those in `operation.uses`
 * @param input as parsed from JSON
 * @returns the result in JSON form
 * @throws InputError if the input is not accepted
 */
export async function performOperation(
  operation: AnyOperation,
  services: Partial<Uses<ServiceName>>,
  input: unknown,
  actor: Actor,
): Promise<unknown> {
  const parsed = operation.input.safeParse(input, { error: wordsForIssue, reportInput: true });
  if (!parsed.success) throw inputErrorOf(parsed.error.issues[0]);
  const used = Object.fromEntries(operation.uses.map((name: ServiceName) => [name, services[name]]));
  const output = operation.output.safeParse(await operation.run(used, parsed.data, actor));
  if (output.success) return output.data;
  // A mistake of ours, after the change was committed: nobody should repeat it because of this error.
  const { path, message } = output.error.issues[0] ?? { path: [], message: 'unknown' };
  throw new Error(
    `The operation was carried out, but its result is not as declared at "${path.join('.')}": ${message}`,
  );
}

/** A moment in a result: ISO 8601, UTC, with milliseconds. */
export const time = z.codec(z.date(), z.iso.datetime(), {
  decode: (date) => date.toISOString(),
  encode: (text) => new Date(text),
});

const asWritten = (given: unknown) => (typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : given);

/**
 * A whole number, also as text, as options have it. What is no number is reported as it was given.
 *
 * @param accepted e.g. "must be 1 to 720"
 */
export const wholeNumber = (minimum: number, maximum: number, accepted: string) =>
  z.preprocess<unknown, z.ZodNumber, number | string>(
    asWritten,
    z.number(accepted).int(accepted).min(minimum, accepted).max(maximum, accepted),
  );

/** The input of operations that need none. */
export const nothing = z.strictObject({});

export const reason = z.string().trim().min(1, 'must not be empty').max(500, 'must have at most 500 characters');

/** @throws InputError if the reason that an operation requires is missing */
export function requireReason(given: string | undefined): string {
  if (given !== undefined) return given;
  throw new InputError('A reason is required: it is written into the audit.', {
    code: 'reason_missing',
    field: 'reason',
  });
}
