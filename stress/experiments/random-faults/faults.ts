import { setTimeout as pause } from 'node:timers/promises';
import type { Chance } from '../../chance.ts';
import type { DatabaseKind } from '../../experiment.ts';
import { serverOf, turnReadOnly } from '../../stage/database.ts';
import type { Instance } from '../../stage/instance.ts';
import { isRunning, killWithChildren } from '../../stage/processes.ts';
import type { Stage } from '../../stage/stage.ts';

/** Something that goes wrong, and is over when `strike` resolves. */
export interface Fault {
  readonly name: string;
  readonly databases: readonly DatabaseKind[];
  /** @throws Error if an instance does not end as it should */
  strike(stage: Stage, chance: Chance): Promise<void>;
}

const BOTH: readonly DatabaseKind[] = ['PostgreSQL', 'embedded'];
const START_WITHIN_MS = 60_000;
const RESTART_AFTER_MS = 500;
const LOOK_EVERY_MS = 20;

/** Starts an instance, again and again if it ends, as a supervisor does. */
async function supervise(instance: Instance): Promise<void> {
  const began = performance.now();
  for (;;) {
    await pause(RESTART_AFTER_MS);
    try {
      await instance.start();
      return;
    } catch (error) {
      if (performance.now() - began > START_WITHIN_MS) throw error;
    }
  }
}

const cablesOf = ({ cables }: Stage, chance: Chance) => chance.pick([cables, ...cables.map((cable) => [cable])]);

export const FAULTS: readonly Fault[] = [
  {
    name: 'stall',
    databases: ['PostgreSQL'],
    async strike(stage, chance) {
      const cables = cablesOf(stage, chance);
      const directions = chance.pick([['requests'], ['answers'], ['requests', 'answers']] as const);
      for (const cable of cables) cable.stall(...directions);
      await pause(chance.between(1_000, 9_000));
      for (const cable of cables) cable.resume();
    },
  },
  {
    name: 'cut',
    databases: ['PostgreSQL'],
    async strike(stage, chance) {
      const cables = cablesOf(stage, chance);
      await Promise.all(cables.map((cable) => cable.cut()));
      await pause(chance.between(200, 4_000));
      await Promise.all(cables.map((cable) => cable.mend()));
    },
  },
  {
    name: 'delay',
    databases: ['PostgreSQL'],
    async strike(stage, chance) {
      const cables = cablesOf(stage, chance);
      for (const cable of cables) cable.delay(chance.between(50, 300));
      await pause(chance.between(2_000, 6_000));
      for (const cable of cables) cable.delay(0);
    },
  },
  {
    name: 'kill an instance',
    databases: BOTH,
    async strike({ instances }, chance) {
      const instance = chance.pick(instances);
      await instance.end('SIGKILL');
      await supervise(instance);
    },
  },
  {
    name: 'stop an instance',
    databases: BOTH,
    async strike({ instances }, chance) {
      const instance = chance.pick(instances);
      const { code, signal } = await instance.end('SIGTERM');
      await supervise(instance);
      if (code !== 0) throw new Error(`SIGTERM ended an instance with ${signal ?? `exit code ${code}`}.`);
    },
  },
  {
    name: 'pause an instance',
    databases: BOTH,
    async strike({ instances }, chance) {
      const instance = chance.pick(instances);
      instance.signal('SIGSTOP');
      await pause(chance.between(1_000, 8_000));
      instance.signal('SIGCONT');
    },
  },
  {
    name: 'restart PostgreSQL',
    databases: BOTH,
    async strike(stage) {
      const pid = serverOf(stage);
      // A fast shutdown (PostgreSQL, 18.5).
      process.kill(pid, 'SIGINT');
      while (isRunning(pid)) await pause(LOOK_EVERY_MS);
    },
  },
  {
    name: 'kill PostgreSQL',
    databases: BOTH,
    strike: async (stage) => killWithChildren(serverOf(stage)),
  },
  {
    name: 'read-only',
    databases: ['PostgreSQL'],
    async strike(stage, chance) {
      await turnReadOnly(stage, true);
      await pause(chance.between(500, 4_000));
      await turnReadOnly(stage, false);
    },
  },
];
