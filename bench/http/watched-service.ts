import { Session } from 'node:inspector/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { CpuProfile } from './profile.ts';

/**
 * The service, with an eye on its event loop and, when asked, on where its JavaScript spends the time. Started in place
 * of src/main.ts; messages say when to measure.
 */
export type WatchOrder = 'watch' | 'profile' | 'report';

export interface WatchReport {
  /** The longest time for which the event loop was held up. Milliseconds. */
  readonly longestHold: number;
  readonly profile?: CpuProfile;
}

const RESOLUTION_MS = 1;
const SAMPLE_EVERY_MICROSECONDS = 200;

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
const inspector = new Session();

async function carryOut(order: WatchOrder): Promise<WatchReport | undefined> {
  if (order === 'watch') {
    delay.enable();
    delay.reset();
    return undefined;
  }
  if (order === 'profile') {
    inspector.connect();
    await inspector.post('Profiler.enable');
    await inspector.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_MICROSECONDS });
    await inspector.post('Profiler.start');
    return undefined;
  }
  delay.disable();
  // The histogram holds the times between two ticks of its timer, which are never shorter than its resolution.
  const longestHold = Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
  const { profile } = await inspector.post('Profiler.stop').catch(() => ({ profile: undefined }));
  return profile === undefined ? { longestHold } : { longestHold, profile };
}

process.on('message', async (order: WatchOrder) => {
  process.send?.((await carryOut(order)) ?? 'done');
});
// The channel alone must not keep the service from ending.
process.channel?.unref();

await import('../../src/main.ts');
