import { residentMegabytes } from '../process.ts';
import { median, medianRatio } from '../rounds.ts';
import type { Row, Table } from '../table.ts';
import type { Size } from './fill.ts';
import { nameOf, type SignOnCost, type Stage } from './load.ts';
import type { Plan } from './plans.ts';

/** What a sign-on costs at each size, beside what it costs at the smallest. */
export function costTable(stages: readonly Stage[], results: ReadonlyMap<string, readonly SignOnCost[]>): Table {
  const roundsOf = (stage: Stage | undefined) => (stage && results.get(nameOf(stage.size))) ?? [];
  const smallest = roundsOf(stages[0]);
  const rows = stages.map((stage): Row => {
    const rounds = roundsOf(stage);
    const of = (what: (cost: SignOnCost) => number) => median(rounds.map(what));
    const ratio = (what: (cost: SignOnCost) => number) => medianRatio(rounds.map(what), smallest.map(what));
    const { billers, users, auditEvents } = stage.size;
    return {
      billers,
      users,
      auditEvents,
      perSecond: of(({ perSecond }) => perSecond),
      serviceCpu: of(({ serviceCpu }) => serviceCpu) * 1000,
      databaseCpu: of(({ databaseCpu }) => databaseCpu) * 1000,
      serviceRatio: ratio(({ serviceCpu }) => serviceCpu),
      databaseRatio: ratio(({ databaseCpu }) => databaseCpu),
      timeRatio: ratio(({ p50 }) => p50),
      readyAfterMs: stage.service.readyAfterMs,
      residentMb: residentMegabytes(stage.service.pid),
    };
  });
  return {
    key: 'sizes',
    title: 'A sign-on at each size, beside one at the smallest',
    columns: [
      { key: 'billers', heading: 'billers' },
      { key: 'users', heading: 'users' },
      { key: 'auditEvents', heading: 'audit events' },
      { key: 'perSecond', heading: 'a second' },
      { key: 'serviceCpu', heading: 'CPU of the service, µs' },
      { key: 'serviceRatio', heading: 'ratio', digits: 2 },
      { key: 'databaseCpu', heading: 'of PostgreSQL, µs' },
      { key: 'databaseRatio', heading: 'ratio', digits: 2 },
      { key: 'timeRatio', heading: 'time, ratio', digits: 2 },
      { key: 'readyAfterMs', heading: 'ready after, ms' },
      { key: 'residentMb', heading: 'memory, MB' },
    ],
    rows,
  };
}

/** Time and pages of every statement, at the smallest size and at the largest. */
export function plansTable(
  key: string,
  title: string,
  sizes: readonly [Size, Size],
  small: Plan[],
  large: Plan[],
): Table {
  const many = (plan: Plan | undefined) => plan?.wholeTables.join(', ') ?? '';
  return {
    key,
    title,
    columns: [
      { key: 'title', heading: 'what for' },
      { key: 'smallMs', heading: `${nameOf(sizes[0])}, ms`, digits: 2 },
      { key: 'largeMs', heading: `${nameOf(sizes[1])}, ms`, digits: 2 },
      { key: 'smallPages', heading: `${nameOf(sizes[0])}, pages` },
      { key: 'largePages', heading: `${nameOf(sizes[1])}, pages` },
      { key: 'wholeTables', heading: 'reads whole tables' },
    ],
    rows: large.map((plan, index) => ({
      title: plan.title,
      smallMs: small[index]?.milliseconds,
      largeMs: plan.milliseconds,
      smallPages: small[index]?.pages,
      largePages: plan.pages,
      wholeTables: many(plan),
    })),
    notes: ['Each is run twice; the second time is shown. A page has 8 kB, in memory or not.'],
  };
}
