import { fstatSync, write, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** Where log lines go. Writing never waits, and never fails: a line that finds no room is lost, and counted. */
export interface LogOutput extends DestinationStream {
  /** How many lines were lost since the start. */
  readonly lost: number;
  /** Resolves when every line is written or lost; or after this time, in milliseconds. */
  flush(withinMs: number): Promise<void>;
}

/** Writes text. @param done called once it is written, or with an error */
type Put = (text: string, done: (error: Error | null | undefined) => void) => void;

/** How much waits, in characters: some 3,000 lines. */
const MAX_WAITING = 1024 * 1024;
const TRY_AGAIN_MS = 100;
/** How long the last lines may take when the process exits. */
const LAST_LINES_MS = 200;

/**
 * A write to a pipe that nobody reads would block its thread until the end of the process, and keep the process from
 * ending. Node's own stream does not block; it is not used for files, where it does.
 */
function putToPipe(): Put {
  // EPIPE: the callback gets it too.
  process.stdout.on('error', () => undefined);
  return (text, done) => void process.stdout.write(text, done);
}

/** For files and terminals. The thread pool does the work. */
function putToFile(fd: number): Put {
  const putBytes = (bytes: Buffer, done: Parameters<Put>[1]) => {
    write(fd, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(putBytes, TRY_AGAIN_MS, bytes, done);
      else if (error !== null) done(error);
      else if (written < bytes.length) putBytes(bytes.subarray(written), done);
      else done(undefined);
    });
  };
  return (text, done) => putBytes(Buffer.from(text), done);
}

/** Writes as much as possible before the process ends. */
function putNow(fd: number, text: string): void {
  const deadline = performance.now() + LAST_LINES_MS;
  let bytes = Buffer.from(text);
  while (bytes.length > 0 && performance.now() < deadline) {
    try {
      bytes = bytes.subarray(writeSync(fd, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/**
 * Standard output. The lines of one turn of the event loop go out in one write, because each is a system call; so do those
 * that come while a write is under way.
 */
export function standardOutput(): LogOutput {
  const fd = 1;
  const kind = fstatSync(fd);
  const isPipe = kind.isFIFO() || kind.isSocket();
  const put = isPipe ? putToPipe() : putToFile(fd);
  let waiting: string[] = [];
  let characters = 0;
  let writing = false;
  let lost = 0;
  let torn = false;
  let idle: (() => void)[] = [];

  function next(): void {
    if (waiting.length === 0) {
      writing = false;
      for (const resolve of idle) resolve();
      idle = [];
      return;
    }
    const lines = waiting;
    const size = characters;
    waiting = [];
    // The last write may have ended in the middle of a line.
    put(`${torn ? '\n' : ''}${lines.join('')}`, (error) => {
      torn = Boolean(error);
      if (error) lost += lines.length;
      characters -= size;
      setImmediate(next);
    });
  }

  process.on('exit', () => {
    // Behind a pipe that is full there is no room for more.
    if (waiting.length > 0 && !(isPipe && process.stdout.writableLength > 0)) putNow(fd, waiting.join(''));
  });
  return {
    get lost() {
      return lost;
    },
    write(line) {
      if (characters + line.length > MAX_WAITING) {
        lost += 1;
        return;
      }
      waiting.push(line);
      characters += line.length;
      if (writing) return;
      writing = true;
      setImmediate(next);
    },
    flush(withinMs) {
      if (!writing) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        idle.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}
