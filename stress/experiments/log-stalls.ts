import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { all, atMost, CannotRun, type Experiment, type Fact } from '../experiment.ts';
import { signOn } from '../stage/load.ts';
import { type Stage, withStage } from '../stage/stage.ts';

/** Their log lines fill a pipe several times. */
const SIGN_ONS = 800;
const AT_ONCE = 8;
const ENOUGH_FAILURES = 8;
const STOP_WITHIN_S = 12;

interface Output {
  readonly name: string;
  open(): { descriptor: number; close(): void };
}

/** A pipe that is open and that nobody reads. */
const unread: Output = {
  name: 'a pipe that nobody reads',
  open() {
    const folder = mkdtempSync(join(tmpdir(), 'ic-idp-pipe-'));
    const path = join(folder, 'pipe');
    const { status } = spawnSync('mkfifo', [path]);
    if (status !== 0) throw new CannotRun('mkfifo is missing');
    // Open for reading too, so that opening doesn't wait for a reader.
    const descriptor = openSync(path, constants.O_RDWR);
    return {
      descriptor,
      close() {
        closeSync(descriptor);
        rmSync(folder, { recursive: true });
      },
    };
  },
};

const full: Output = {
  name: '/dev/full',
  open() {
    const descriptor = openSync('/dev/full', 'w');
    return { descriptor, close: () => closeSync(descriptor) };
  },
};

export const logStalls: Experiment = {
  name: 'log-stalls',
  purpose: 'standard output is a pipe that nobody reads, or a full disk',
  databases: ['embedded'],
  async run({ database }) {
    const facts: Fact[] = [];
    for (const output of [unread, full]) {
      const { descriptor, close } = output.open();
      try {
        facts.push(...(await withStage(database, { output: descriptor }, (stage) => signOnsAndStop(stage, output))));
      } catch (error) {
        const [reason = ''] = (error as Error).message.match(/^.*Error: .*$/m) ?? [(error as Error).message];
        facts.push({ what: `starts and takes sign-ons: ${output.name}`, figure: reason, kept: false });
      } finally {
        close();
      }
    }
    return facts;
  },
};

async function signOnsAndStop(stage: Stage, { name }: Output): Promise<Fact[]> {
  const { instance } = stage;
  const client = stage.signedIn();
  let succeeded = 0;
  let failed = 0;
  const keepAtIt = async () => {
    while (succeeded + failed < SIGN_ONS && failed < ENOUGH_FAILURES) {
      if ((await signOn(client)).answer === 'assertion') succeeded += 1;
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, keepAtIt));
  client.close();
  const began = performance.now();
  const late = setTimeout(() => instance.kill(), STOP_WITHIN_S * 1_000);
  const { signal } = await instance.end('SIGTERM');
  clearTimeout(late);
  const seconds = signal === null ? (performance.now() - began) / 1_000 : Number.POSITIVE_INFINITY;
  return [
    all(`sign-ons that succeed: ${name}`, succeeded, Math.max(SIGN_ONS, succeeded + failed)),
    atMost(`SIGTERM ends it: ${name}`, seconds, STOP_WITHIN_S, 's'),
  ];
}
