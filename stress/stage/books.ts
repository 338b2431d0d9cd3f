import { setTimeout as pause } from 'node:timers/promises';
import { all, atMost, type Fact, none } from '../experiment.ts';
import { type Instance, statusOf } from './instance.ts';
import { type Answer, type Load, type Received, signOn } from './load.ts';
import type { Stage } from './stage.ts';

const LOOK_EVERY_MS = 50;
const GIVE_UP_MS = 90_000;
/** Restarting a database and an instance takes seconds; nobody should have to step in. */
const RECOVER_WITHIN_S = 30;

/** The promise behind every sign-on: no assertion leaves before its audit row is committed. */
export async function everyAssertionHasItsRow(stage: Stage, received: readonly Received[]): Promise<Fact> {
  const ids = received.map(({ id }) => id);
  const rows = await stage.query<{ assertion_id: string }>(
    'select assertion_id from audit_events where assertion_id = any($1)',
    [ids],
  );
  const committed = new Set(rows.map(({ assertion_id }) => assertion_id));
  return none('assertions received without an audit row', ids.filter((id) => !committed.has(id)).length, ids.length);
}

/** Promises that sign-ons get these answers. @param what to call the others */
export function answeredBy({ signOns, otherThan }: Load, what: string, answers: readonly Answer[]): Fact {
  const others = otherThan(...answers);
  return none(what, others.length, signOns.length, [...new Set(others)].join(', '));
}

/** While the database is away, sign-ons get status 503: neither another error, nor no answer. */
export const onlyUnavailable = (load: Load): Fact =>
  answeredBy(load, 'sign-ons answered otherwise than by an assertion or 503', ['assertion', '503']);

/**
 * Waits until instances are ready and sign on again, without any help.
 *
 * @param since in the time of performance.now() @returns seconds since then; Infinity if they did not recover
 */
export async function recovery(stage: Stage, instances: readonly Instance[], since: number): Promise<number> {
  for (const instance of instances) {
    for (;;) {
      if (instance.crashes.length > 0 || performance.now() - since > GIVE_UP_MS) return Number.POSITIVE_INFINITY;
      const client = stage.signedIn(instance);
      const { answer } = await signOn(client);
      client.close();
      if (answer === 'assertion' && (await statusOf(`${instance.url}/health/ready`)) === 200) break;
      await pause(LOOK_EVERY_MS);
    }
  }
  return (performance.now() - since) / 1000;
}

export const recoversBy = (what: string, seconds: number): Fact => atMost(what, seconds, RECOVER_WITHIN_S, 's');

/** No process ended by itself. */
export const everyProcessLives = ({ instances }: Stage): Fact =>
  all(
    'instances that never ended by themselves',
    instances.filter(({ crashes }) => crashes.length === 0).length,
    instances.length,
  );
