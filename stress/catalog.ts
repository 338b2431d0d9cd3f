import type { Experiment } from './experiment.ts';
import { beginFails } from './experiments/begin-fails.ts';
import { closedSignIns } from './experiments/closed-sign-ins.ts';
import { cutInTransaction } from './experiments/cut-in-transaction.ts';
import { deafInstance } from './experiments/deaf-instance.ts';
import { floodOfStrangers } from './experiments/flood-of-strangers.ts';
import { fullDisk } from './experiments/full-disk.ts';
import { givenUpFetch } from './experiments/given-up-fetch.ts';
import { hsmFlood } from './experiments/hsm-flood.ts';
import { launches } from './experiments/launches.ts';
import { logStalls } from './experiments/log-stalls.ts';
import { powerCut } from './experiments/power-cut.ts';
import { randomFaults } from './experiments/random-faults/random-faults.ts';
import { readOnly } from './experiments/read-only.ts';
import { slowNetworkSwitch } from './experiments/slow-network-switch.ts';
import { stallInSwitch } from './experiments/stall-in-switch.ts';
import { unfinishedBodies } from './experiments/unfinished-bodies.ts';

/** Every experiment, in the order in which they run. */
export const EXPERIMENTS: readonly Experiment[] = [
  stallInSwitch,
  cutInTransaction,
  beginFails,
  powerCut,
  deafInstance,
  slowNetworkSwitch,
  givenUpFetch,
  floodOfStrangers,
  closedSignIns,
  launches,
  unfinishedBodies,
  logStalls,
  fullDisk,
  readOnly,
  hsmFlood,
  randomFaults,
];
