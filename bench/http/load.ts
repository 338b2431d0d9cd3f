import type { SignedIn } from '../installation.ts';
import { percentile } from '../rounds.ts';
import { signOnMessage } from './authn-request.ts';
import { Connection } from './connection.ts';

/** What the load is asked to do. Sign-ons are for the portal users in turn. */
export type LoadOrder = {
  readonly port: number;
  readonly signedIn: readonly SignedIn[];
  readonly milliseconds: number;
} & (
  | { readonly kind: 'closed'; readonly connections: number }
  /** Sign-ons begin at this rate per second, whether or not the ones before have ended. */
  | { readonly kind: 'open'; readonly rate: number }
);

export interface LoadResult {
  readonly signOns: number;
  readonly milliseconds: number;
  /** Milliseconds from the request to the last byte of the answer. */
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

/** Messages are written before the clock runs. More than these and they are written while it does. */
const WRITTEN_BEFORE = 8_000;
const TICK_MS = 1;

function messages(signedIn: readonly SignedIn[], count: number): () => string {
  let next = 0;
  const write = () => signOnMessage(signedIn[next++ % signedIn.length] as SignedIn);
  const written = Array.from({ length: count }, write).reverse();
  return () => written.pop() ?? write();
}

async function signOn(connection: Connection, message: string): Promise<number> {
  const began = performance.now();
  const { status, text } = await connection.ask(message);
  const took = performance.now() - began;
  if (status !== 200 || !text.includes(' name="SAMLResponse"')) throw new Error(`no assertion came: ${text}`);
  return took;
}

/** @param times gets how long each sign-on took @returns how long all took together */
async function closedLoop(order: LoadOrder & { kind: 'closed' }, times: number[]): Promise<number> {
  const { port, signedIn, connections, milliseconds } = order;
  const next = messages(signedIn, Math.min(WRITTEN_BEFORE, milliseconds * 4));
  const began = performance.now();
  const keepAtIt = async () => {
    const connection = new Connection(port);
    while (performance.now() - began < milliseconds) times.push(await signOn(connection, next()));
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, keepAtIt));
  return performance.now() - began;
}

/** @param times gets how long each sign-on took @returns how long all took together */
async function openLoop(order: LoadOrder & { kind: 'open' }, times: number[]): Promise<number> {
  const { port, signedIn, rate, milliseconds } = order;
  const total = Math.round((rate * milliseconds) / 1000);
  const next = messages(signedIn, total);
  const idle: Connection[] = [];
  const all = new Set<Connection>();
  const running: Promise<void>[] = [];
  const start = () => {
    const connection = idle.pop() ?? new Connection(port);
    all.add(connection);
    const done = signOn(connection, next()).then((took) => {
      times.push(took);
      idle.push(connection);
    });
    running.push(done);
  };
  const began = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(total, Math.floor(((performance.now() - began) * rate) / 1000));
      while (running.length < due) start();
      if (running.length < total) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  await Promise.all(running);
  const took = performance.now() - began;
  for (const connection of all) connection.close();
  return took;
}

async function carryOut(order: LoadOrder): Promise<LoadResult> {
  const times: number[] = [];
  const milliseconds = order.kind === 'closed' ? await closedLoop(order, times) : await openLoop(order, times);
  return {
    signOns: times.length,
    milliseconds,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    longest: percentile(times, 1),
  };
}

process.on('message', async (order: LoadOrder) => {
  process.send?.(await carryOut(order));
});
