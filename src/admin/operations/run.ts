import { InputError } from '../../platform/errors/idp-error.ts';
import { type Actor, performOperation } from './operation.ts';
import {
  isOperationName,
  type OperationInput,
  type OperationName,
  type OperationResult,
  operations,
  type UsedServices,
} from './registry.ts';

/**
 * Runs an operation.
 *
 * @returns its result in JSON form
 * @throws InputError if the input is not accepted
 */
export async function runOperation<Name extends OperationName>(
  services: UsedServices,
  name: Name,
  input: OperationInput<Name>,
  actor: Actor,
): Promise<OperationResult<Name>> {
  return (await runNamed(services, name, input, actor)) as OperationResult<Name>;
}

/**
 * Runs an operation whose name and input come from outside the program.
 *
 * @returns its result in JSON form
 * @throws InputError if there is no such operation, or the input is not accepted
 */
export async function runNamed(services: UsedServices, name: string, input: unknown, actor: Actor): Promise<unknown> {
  if (!isOperationName(name)) {
    throw new InputError(`This version has no operation "${name}".`, { code: 'operation_unknown' });
  }
  return performOperation(await operations[name].load(), services, input, actor);
}
