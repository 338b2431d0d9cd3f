import { startPostgres } from '../../test/support/postgres/postgres-server.ts';
import {
  addBiller,
  type BenchInstallation,
  prepareInstallation,
  type SignedIn,
  signInNewUser,
  withServices,
} from '../installation.ts';
import { type BenchOptions, type Part, progress } from '../part.ts';
import { startHelper } from '../process.ts';
import { takeTurns } from '../rounds.ts';
import { startService } from '../service.ts';
import type { Row, Table } from '../table.ts';
import { capacityOf, costContenders, costTable, type Side, type SignedInBy } from './cost.ts';
import { halfCapacity, halfCapacityTable, whereTheCpuGoes } from './half-capacity.ts';

const USERS = 100;
const ROUNDS = 8;

/** Sets up a biller that signs the assertion and one that signs both, each with portal users who are signed in. */
async function populate(installation: BenchInstallation): Promise<SignedInBy> {
  return withServices(installation, async (services) => {
    const signedIn: Record<keyof SignedInBy, SignedIn[]> = { assertion: [], both: [] };
    for (const sign of ['assertion', 'both'] as const) {
      const biller = await addBiller(services, `signs-${sign}`, sign);
      for (let user = 0; user < USERS; user += 1) signedIn[sign].push(await signInNewUser(services, biller, user));
    }
    return signedIn;
  });
}

async function stopServices(sides: readonly Side[]): Promise<void> {
  for (const side of sides) await side.service?.stop();
}

async function run(options: BenchOptions): Promise<Table[]> {
  const postgres = await startPostgres();
  const raw = startHelper(new URL('./raw-signatures.ts', import.meta.url));
  const load = startHelper(new URL('./load.ts', import.meta.url));
  const sides: Side[] = [];
  try {
    progress('http: setting up the installations');
    for (const url of [postgres.url, undefined]) {
      const installation = await prepareInstallation(url);
      const side: Side = { installation, signedIn: await populate(installation), service: undefined };
      sides.push(side);
      side.service = await startService(installation);
    }
    progress('http: sign-ons, in turns with raw signatures');
    const results = await takeTurns(costContenders(raw, load, sides), ROUNDS);
    await stopServices(sides);
    const rows: Row[] = [];
    for (const side of sides) rows.push(await halfCapacity(side, load, capacityOf(results, side.installation.kind)));
    const tables = [costTable(results), halfCapacityTable(rows)];
    const [first] = sides;
    if (options.profile && first !== undefined) tables.push(...(await whereTheCpuGoes(first, load)));
    return tables;
  } finally {
    await load.stop();
    await raw.stop();
    await stopServices(sides);
    for (const { installation } of sides) await installation.remove();
    await postgres.stop();
  }
}

export const http: Part = {
  name: 'http',
  purpose: 'whole sign-ons over HTTP with a signed-in session: rate, CPU, latency, the event loop’s longest hold',
  quick: true,
  run,
};
