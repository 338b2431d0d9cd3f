import pg from 'pg';
import { FULL_LOAD } from '../http/cost.ts';
import type { LoadOrder, LoadResult } from '../http/load.ts';
import type { BenchInstallation, SignedIn } from '../installation.ts';
import { cpuOf, cpuWithChildren, type Helper, parentOf } from '../process.ts';
import type { Contender } from '../rounds.ts';
import type { Service } from '../service.ts';
import type { Size } from './fill.ts';

const ROUND_MS = 1_500;

/** One installation of one size, and its service while it runs. */
export interface Stage {
  readonly size: Size;
  readonly installation: BenchInstallation;
  readonly signedIn: readonly SignedIn[];
  readonly service: Service;
}

/** What one sign-on cost in one round. CPU in milliseconds. */
export interface SignOnCost {
  readonly perSecond: number;
  readonly serviceCpu: number;
  /** Of all processes of the PostgreSQL server, whatever they do. */
  readonly databaseCpu: number;
  readonly p50: number;
}

/** The process under which all of the PostgreSQL server's are. It is on this machine. */
async function postmasterOf(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    return parentOf(rows[0]?.pid ?? 0);
  } finally {
    await client.end();
  }
}

export const nameOf = ({ billers }: Size): string =>
  billers === 1 ? '1 biller' : `${billers.toLocaleString('en-US')} billers`;

/** Sign-ons of an installation's users, at full load. */
export function stageContender(stage: Stage, load: Helper, warmUpMs: number): Contender<SignOnCost> {
  const { size, installation, signedIn, service } = stage;
  const order = (milliseconds: number): LoadOrder => ({
    kind: 'closed',
    port: installation.port,
    signedIn,
    connections: FULL_LOAD,
    milliseconds,
  });
  let postmaster: number | undefined;
  return {
    name: nameOf(size),
    async round() {
      if (postmaster === undefined) {
        postmaster = await postmasterOf(installation.environment.DATABASE_URL ?? '');
        await load.ask<LoadResult>(order(warmUpMs));
      }
      const before = { service: cpuOf(service.pid), database: cpuWithChildren(postmaster) };
      const { signOns, milliseconds, p50 } = await load.ask<LoadResult>(order(ROUND_MS));
      return {
        perSecond: (signOns * 1000) / milliseconds,
        serviceCpu: (cpuOf(service.pid) - before.service) / signOns,
        databaseCpu: (cpuWithChildren(postmaster) - before.database) / signOns,
        p50,
      };
    },
  };
}
