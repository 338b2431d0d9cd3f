import { actorWithEveryRole } from '../../../src/admin/operations/operation.ts';
import type { OperationInput, OperationName } from '../../../src/admin/operations/registry.ts';
import { runOperation } from '../../../src/admin/operations/run.ts';
import { readSettings } from '../../../src/config.ts';
import { openInstallation } from '../../../src/installation.ts';

/**
 * Operators who change billers, portal users, key requests and the webhook until the process is killed. Prints a dot
 * for every completed operation. See kill.test.ts.
 */
const installation = await openInstallation(readSettings(process.env, {}));
const { services } = installation;
const actor = actorWithEveryRole('operator');
const run = process.argv[2] ?? '0';

const operate = <Name extends OperationName>(name: Name, input: OperationInput<Name>) =>
  runOperation(services, name, input, actor);

async function done<Result>(work: Promise<Result>): Promise<Result> {
  const result = await work;
  process.stdout.write('.');
  return result;
}

/** The life cycle of a biller with a portal user. */
async function live(slug: string): Promise<void> {
  const provider = { entityId: 'https://sp.example', acs: ['https://sp.example/acs'], sameServiceProvider: true };
  const billerGuid = crypto.randomUUID();
  const [email, password] = ['ada@example.com', 'correct horse battery'];
  await done(operate('biller.add', { slug, name: '0', billerGuid, keyType: 'EC-P256', ...provider }));
  await done(operate('user.add', { biller: slug, email, password, accounts: ['101Invoice'] }));
  for (const name of ['1', '2', '3']) {
    await done(operate('biller.update', { slug, name }));
    const accounts = Array.from({ length: Number(name) + 1 }, (_, number) => `${number}Invoice`);
    await done(operate('user.update', { biller: slug, email, accounts }));
    await done(operate('key.request', { biller: slug, keyType: 'EC-P256' }));
    await done(operate('webhook.set', { url: `https://${slug}-${name}.example` }));
  }
  if (Math.random() < 0.5) await done(operate('user.remove', { biller: slug, email }));
  if (Math.random() < 0.3) await done(operate('biller.remove', { slug }));
}

await Promise.all(
  [1, 2, 3, 4, 5, 6, 7, 8].map(async (lane) => {
    for (let number = 1; ; number += 1) await live(`b${run}-${lane}-${number}`);
  }),
);
