import type { Services } from '../../app.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import { auditOperations } from './audit-operations.ts';
import { billerOperations } from './biller-operations.ts';
import { doctorOperations } from './doctor.ts';
import { inspectOperations } from './inspect-operations.ts';
import { keyMaterialOperations } from './key-material-operations.ts';
import { keyOperations } from './key-operations.ts';
import { masterKeyOperations } from './master-key-operations.ts';
import type { Actor, Operation } from './operation.ts';
import { traceOperations } from './trace-operations.ts';
import { userOperations } from './user-operations.ts';
import { webhookOperations } from './webhook-operations.ts';

const operations: ReadonlyMap<string, Operation> = new Map(
  [
    ...billerOperations,
    ...userOperations,
    ...keyOperations,
    ...keyMaterialOperations,
    ...masterKeyOperations,
    ...webhookOperations,
    ...auditOperations,
    ...traceOperations,
    ...inspectOperations,
    ...doctorOperations,
  ].map((operation) => [operation.name, operation]),
);

/** Runs an operation by its name. @throws InputError where the operator's input is wrong */
export async function runOperation(services: Services, name: string, input: unknown, actor: Actor): Promise<unknown> {
  const operation = operations.get(name);
  if (operation === undefined) throw new InputError(`This version has no operation "${name}".`);
  return operation.run(services, input, actor);
}
