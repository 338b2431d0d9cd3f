import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** proc(5): times are in clock ticks, which are hundredths of a second on every Linux that Node runs on. */
const TICK_MS = 10;

/** Fields of /proc/<pid>/stat after the name, which may hold spaces and parentheses; state is the first. */
const statFields = (statFile: string): string[] => {
  const text = readFileSync(statFile, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
};
const sumOf = (fields: readonly string[], first: number, count: number) =>
  fields.slice(first, first + count).reduce((sum, field) => sum + Number(field), 0);

const PARENT = 1;
/** utime and stime, followed by the same two for children that have ended. */
const TIMES = 11;

const ticksIn = (statFile: string): number => sumOf(statFields(statFile), TIMES, 2);

/** CPU time that a process has used so far, all threads together, in user and in kernel mode. Milliseconds. */
export const cpuOf = (pid: number): number => ticksIn(`/proc/${pid}/stat`) * TICK_MS;

/** The same of its main thread, in which JavaScript runs. */
export const mainThreadCpuOf = (pid: number): number => ticksIn(`/proc/${pid}/task/${pid}/stat`) * TICK_MS;

/** The process that started this one. */
export const parentOf = (pid: number): number => Number(statFields(`/proc/${pid}/stat`)[PARENT]);

/** CPU time of a process and of its children, those that have ended too. Milliseconds. */
export function cpuWithChildren(pid: number): number {
  let ticks = sumOf(statFields(`/proc/${pid}/stat`), TIMES, 4);
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const fields = statFields(`/proc/${entry}/stat`);
      if (Number(fields[PARENT]) === pid) ticks += sumOf(fields, TIMES, 2);
    } catch {
      // It has just ended: its times are its parent's now.
    }
  }
  return ticks * TICK_MS;
}

/** Physical memory that a process holds, in megabytes. */
export function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

/**
 * Physical memory of a process and its children, in megabytes; what they share counts once (PSS, as root or their
 * user).
 */
export function memoryWithChildren(pid: number): number {
  let kilobytes = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (Number(entry) !== pid && parentOf(Number(entry)) !== pid) continue;
      kilobytes += Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${entry}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // It has just ended.
    }
  }
  return kilobytes / 1024;
}

/** A process of the bench that answers one message with one message. */
export interface Helper {
  readonly pid: number;
  ask<Answer>(question: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

/** The next message of a child. @throws if it ends first */
export function nextMessage<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error(`A process of the bench ended early: ${child.spawnargs.join(' ')}`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message as Message);
    });
  });
}

/** Starts a program of the bench beside this process, so that its CPU time is counted separately. */
export function startHelper(program: URL): Helper {
  const child = fork(fileURLToPath(program));
  return {
    pid: child.pid ?? 0,
    ask<Answer>(question: unknown) {
      const answer = nextMessage<Answer>(child);
      child.send(question as object);
      return answer;
    },
    async stop() {
      if (child.exitCode !== null) return;
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
