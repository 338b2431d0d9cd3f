import { InputError } from '../../platform/errors/idp-error.ts';
import { type Actor, type AnyOperation, performOperation } from './operation.ts';
import {
  isOperationName,
  type OperationInput,
  type OperationName,
  type OperationResult,
  operations,
  type UsedServices,
} from './registry.ts';
import type { ServiceName, Uses } from './services.ts';

/**
 * Runs an operation for an actor who has its role. Every interface comes through here.
 *
 * @param services gives the services that the operation uses, by their names
 * @returns its result in JSON form
 * @throws InputError if the actor does not have the role, or the input is not accepted
 */
export async function perform(
  name: OperationName,
  services: (names: readonly ServiceName[]) => Promise<Partial<Uses<ServiceName>>>,
  input: unknown,
  actor: Actor,
): Promise<unknown> {
  const { role, load } = operations[name];
  if (!actor.roles.includes(role)) {
    throw new InputError(`${name} needs the role ${role}, which ${actor.name} does not have.`, {
      code: 'role_missing',
    });
  }
  const operation: AnyOperation = await load();
  return performOperation(operation, await services(operation.uses), input, actor);
}

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
  return perform(name, async () => services, input, actor);
}
