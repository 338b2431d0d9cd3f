import type { z } from 'zod';
import { type AnyOperation, ROLES, type Role } from './operation.ts';
import type { OperatorServices } from './services.ts';

/** An operation in the map: who may run it, and its module, which is loaded on demand. */
interface Entry<Loaded extends AnyOperation> {
  readonly role: Role;
  readonly load: () => Promise<Loaded>;
}

const entry = <Loaded extends AnyOperation>(role: Role, load: () => Promise<Loaded>): Entry<Loaded> => ({ role, load });

/** Every operation by its name. Every interface, such as the command line, goes through this map. */
export const operations = {
  'biller.add': entry('onboarding', async () => (await import('./billers/add.ts')).add),
  'biller.compare': entry('onboarding', async () => (await import('./billers/update.ts')).compare),
  'biller.update': entry('onboarding', async () => (await import('./billers/update.ts')).update),
  'biller.refresh': entry('onboarding', async () => (await import('./billers/refresh.ts')).refresh),
  'biller.remove': entry('onboarding', async () => (await import('./billers/remove.ts')).remove),
  'biller.plan-import': entry('onboarding', async () => (await import('./billers/plan-import.ts')).planImport),
  'biller.list': entry('viewer', async () => (await import('./billers/read.ts')).list),
  'biller.sheets': entry('viewer', async () => (await import('./billers/read.ts')).sheets),
  'biller.show': entry('viewer', async () => (await import('./billers/read.ts')).show),
  'biller.metadata': entry('viewer', async () => (await import('./billers/metadata.ts')).metadata),
  'biller.link': entry('viewer', async () => (await import('./billers/link.ts')).link),
  'user.add': entry('onboarding', async () => (await import('./users/change.ts')).add),
  'user.update': entry('onboarding', async () => (await import('./users/update.ts')).update),
  'user.reset-password': entry('onboarding', async () => (await import('./users/reset-password.ts')).resetPassword),
  'user.remove': entry('onboarding', async () => (await import('./users/change.ts')).remove),
  'user.list': entry('onboarding', async () => (await import('./users/list.ts')).list),
  'user.show': entry('onboarding', async () => (await import('./users/list.ts')).show),
  'user.disable': entry('onboarding', async () => (await import('./users/disable.ts')).disable),
  'user.enable': entry('onboarding', async () => (await import('./users/disable.ts')).enable),
  'user.import-begin': entry('onboarding', async () => (await import('./users/import/begin-and-end.ts')).begin),
  'user.import-rows': entry('onboarding', async () => (await import('./users/import/rows.ts')).rows),
  'user.import-users': entry('onboarding', async () => (await import('./users/import/pages.ts')).users),
  'user.import-others': entry('onboarding', async () => (await import('./users/import/pages.ts')).others),
  'user.import-end': entry('onboarding', async () => (await import('./users/import/begin-and-end.ts')).end),
  'api-key.add': entry('security', async () => (await import('./api-keys/api-keys.ts')).add),
  'api-key.list': entry('viewer', async () => (await import('./api-keys/api-keys.ts')).list),
  'api-key.revoke': entry('security', async () => (await import('./api-keys/api-keys.ts')).revoke),
  'launch.make': entry('onboarding', async () => (await import('./launches/launch.ts')).make),
  'session.list': entry('support', async () => (await import('./sessions/sessions.ts')).list),
  'session.end': entry('support', async () => (await import('./sessions/sessions.ts')).end),
  'key.list': entry('viewer', async () => (await import('./keys/read.ts')).list),
  'key.status': entry('viewer', async () => (await import('./keys/read.ts')).status),
  'key.fetches': entry('viewer', async () => (await import('./keys/read.ts')).fetches),
  'key.plan': entry('viewer', async () => (await import('./keys/read.ts')).plan),
  'key.stage': entry('security', async () => (await import('./keys/rotate.ts')).stage),
  'key.activate': entry('security', async () => (await import('./keys/rotate.ts')).activate),
  'key.canary': entry('security', async () => (await import('./keys/canary.ts')).start),
  'key.stop-canary': entry('security', async () => (await import('./keys/canary.ts')).stop),
  'key.judge': entry('security', async () => (await import('./keys/canary.ts')).judge),
  'key.back-out': entry('security', async () => (await import('./keys/rotate.ts')).backOut),
  'key.hand-over': entry('security', async () => (await import('./keys/hand-over.ts')).oneTimeUrl),
  'key.lasting-url': entry('security', async () => (await import('./keys/hand-over.ts')).lastingUrl),
  'key.retire': entry('security', async () => (await import('./keys/retire.ts')).retire),
  'key.revoke': entry('security', async () => (await import('./keys/retire.ts')).revoke),
  'key.request': entry('security', async () => (await import('./keys/request.ts')).request),
  'key.import': entry('security', async () => (await import('./keys/import.ts')).importKey),
  'key.take-from-module': entry('security', async () => (await import('./keys/import.ts')).takeFromModule),
  'key.export': entry('viewer', async () => (await import('./keys/export.ts')).exportPublic),
  'key.export-private': entry('security', async () => (await import('./keys/export.ts')).exportPrivate),
  'master-key.status': entry('security', async () => (await import('./master-key/master-key.ts')).status),
  'master-key.rotate': entry('security', async () => (await import('./master-key/master-key.ts')).rotate),
  'webhook.set': entry('security', async () => (await import('./webhook/webhook.ts')).set),
  'webhook.show': entry('viewer', async () => (await import('./webhook/webhook.ts')).show),
  'webhook.test': entry('security', async () => (await import('./webhook/webhook.ts')).test),
  'webhook.remove': entry('security', async () => (await import('./webhook/webhook.ts')).remove),
  'audit.list': entry('support', async () => (await import('./audit/list.ts')).list),
  'trace.show': entry('support', async () => (await import('./diagnostics/trace.ts')).show),
  'installation.show': entry('viewer', async () => (await import('./installation/show-and-move.ts')).show),
  'installation.move': entry('security', async () => (await import('./installation/show-and-move.ts')).move),
  inspect: entry('support', async () => (await import('./diagnostics/inspect.ts')).inspect),
  doctor: entry('viewer', async () => (await import('./diagnostics/doctor.ts')).doctor),
};

/** @throws Error for an operation without a known role: such a program must not start */
export function requireRoles(map: Readonly<Record<string, { readonly role?: unknown }>>): void {
  for (const [name, { role }] of Object.entries(map)) {
    if (!ROLES.some((known) => known === role)) throw new Error(`The operation ${name} states no role.`);
  }
}
requireRoles(operations);

export type OperationName = keyof typeof operations;
type OperationOf<Name extends OperationName> = Awaited<ReturnType<(typeof operations)[Name]['load']>>;

/** The input of an operation. */
export type OperationInput<Name extends OperationName> = z.input<OperationOf<Name>['input']>;
/** The result of an operation, in JSON form. */
export type OperationResult<Name extends OperationName> = z.output<OperationOf<Name>['output']>;

/** The services that the operations use. */
export type UsedServices = Pick<
  OperatorServices,
  { [Name in OperationName]: OperationOf<Name>['uses'][number] }[OperationName]
>;

/** @returns the names of all operations of the map */
export const operationNames = Object.keys(operations) as OperationName[];

export const isOperationName = (name: string): name is OperationName => Object.hasOwn(operations, name);
