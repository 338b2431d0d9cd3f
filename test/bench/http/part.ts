import { startPostgres } from '../../support/postgres-server.ts';
import { type BenchInstallation, setUpInstallation } from '../installation.ts';
import { type BenchOptions, type Part, progress } from '../part.ts';
import { startHelper } from '../process.ts';
import { takeTurns } from '../rounds.ts';
import { startService } from '../service.ts';
import type { Row, Table } from '../table.ts';
import { capacityOf, costContenders, costTable, type Side } from './cost.ts';
import { halfCapacity, halfCapacityTable, whereTheCpuGoes } from './half-capacity.ts';

const USERS = 100;
const ROUNDS = 8;

async function run(options: BenchOptions): Promise<Table[]> {
  const postgres = await startPostgres();
  const raw = startHelper(new URL('./raw-signatures.ts', import.meta.url));
  const load = startHelper(new URL('./load.ts', import.meta.url));
  const installations: BenchInstallation[] = [];
  const sides: Side[] = [];
  try {
    progress('http: setting up the installations');
    for (const url of [postgres.url, undefined]) {
      const installation = await setUpInstallation(url, USERS);
      installations.push(installation);
      sides.push({ installation, service: await startService(installation) });
    }
    progress('http: sign-ons, in turns with raw signatures');
    const results = await takeTurns(costContenders(raw, load, sides), ROUNDS);
    for (const { service } of sides.splice(0)) await service.stop();
    const rows: Row[] = [];
    for (const installation of installations) {
      rows.push(await halfCapacity(installation, load, capacityOf(results, installation.kind)));
    }
    const tables = [costTable(results), halfCapacityTable(rows)];
    const [first] = installations;
    if (options.profile && first !== undefined) tables.push(...(await whereTheCpuGoes(first, load)));
    return tables;
  } finally {
    await load.stop();
    await raw.stop();
    for (const { service } of sides) await service.stop();
    for (const installation of installations) await installation.remove();
    await postgres.stop();
  }
}

export const http: Part = {
  name: 'http',
  purpose: 'whole sign-ons over HTTP with a signed-in session: rate, CPU, latency, the event loop’s longest hold',
  quick: true,
  run,
};
