import { readdirSync } from 'node:fs';
import { parentOf } from '../../bench/process.ts';

function childrenOf(pid: number): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    try {
      return /^\d+$/.test(entry) && parentOf(Number(entry)) === pid ? [Number(entry)] : [];
    } catch {
      // It has just ended.
      return [];
    }
  });
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Kills a process and its children at once, as a failing machine does. Linux only. */
export function killWithChildren(pid: number): void {
  const children = childrenOf(pid);
  for (const one of [pid, ...children]) {
    try {
      process.kill(one, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }
}
