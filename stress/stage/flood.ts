import { setTimeout as pause } from 'node:timers/promises';
import { percentile } from '../../bench/rounds.ts';
import { all, atMost, type Fact } from '../experiment.ts';
import { type SignOn, signOn } from './load.ts';
import type { Stage } from './stage.ts';

const TICK_MS = 10;
/** More than these on their way and the flood waits: the machine can't send more. */
const MOST_ON_THEIR_WAY = 2_000;
const EVERY_MS = 1_000;

/** Requests that begin at a steady rate, whether or not those before were answered. */
export interface Flood {
  readonly sent: () => number;
  /** Resolves when those on their way have been answered. */
  stop(): Promise<void>;
}

/** @param perSecond requests @param send sends one; its number counts from 0 */
export function startFlood(perSecond: number, send: (number: number) => Promise<unknown>): Flood {
  const began = performance.now();
  const onTheirWay = new Set<Promise<unknown>>();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) * perSecond) / 1_000);
    for (; sent < due && onTheirWay.size < MOST_ON_THEIR_WAY; sent += 1) {
      const request = send(sent)
        .catch(() => undefined)
        .finally(() => onTheirWay.delete(request));
      onTheirWay.add(request);
    }
  }, TICK_MS);
  return {
    sent: () => sent,
    async stop() {
      clearInterval(timer);
      await Promise.all(onTheirWay);
    },
  };
}

/** Signs a real user on once a second, whether or not the sign-on before has ended. */
export async function signOnEverySecond(stage: Stage, seconds: number): Promise<SignOn[]> {
  const client = stage.signedIn();
  const results: Promise<SignOn>[] = [];
  for (let second = 0; second < seconds; second += 1) {
    results.push(signOn(client));
    await pause(EVERY_MS);
  }
  const done = await Promise.all(results);
  client.close();
  return done;
}

/** @returns what became of a real user's sign-ons. @param withinMs how long 95 of 100 may take */
export function realSignOns(signOns: readonly SignOn[], withinMs = 2_000): Fact[] {
  const times = signOns.map(({ milliseconds }) => milliseconds);
  return [
    all('real sign-ons that succeed', signOns.filter(({ answer }) => answer === 'assertion').length, signOns.length),
    atMost('95 of 100 real sign-ons take', percentile(times, 0.95), withinMs, 'ms'),
  ];
}
