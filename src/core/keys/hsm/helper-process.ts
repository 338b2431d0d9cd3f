import { fork } from 'node:child_process';
import type { Answer, CallName, ModuleCalls, Question } from './messages.ts';
import { ModuleError } from './module-error.ts';
import { MAX_SESSIONS } from './sessions.ts';

/** The helper process as the service sees it. */
export interface HelperProcess {
  /**
   * @param withinMs the answer must come within this many milliseconds
   * @throws ModuleError also where the helper ends, or is too slow
   */
  call<Name extends CallName>(
    name: Name,
    input: ModuleCalls[Name]['input'],
    withinMs: number,
  ): Promise<ModuleCalls[Name]['output']>;
  /** Ends it, whatever it is doing. */
  kill(): void;
  /** Has it log out and end. */
  close(): void;
  readonly ended: boolean;
}

export const NO_ANSWER = 'The hardware module did not answer in time.';

const HELPER = new URL('./helper.ts', import.meta.url).pathname;

/** Settings of the service that are none of the library's business. */
const KEPT_BACK = ['MASTER_KEY', 'DATABASE_URL', 'PKCS11_PIN'];

function helperEnvironment(): NodeJS.ProcessEnv {
  const shown = Object.entries(process.env).filter(([name]) => !KEPT_BACK.includes(name));
  return { ...Object.fromEntries(shown), UV_THREADPOOL_SIZE: String(MAX_SESSIONS) };
}

interface Waiting {
  settle(answer: Answer): void;
  fail(error: ModuleError): void;
}

/** Starts a helper. It does nothing until it is told to open a token. */
export function startHelper(): HelperProcess {
  const child = fork(HELPER, [], {
    env: helperEnvironment(),
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  // A command ends when it is done; while an answer is awaited, its timer keeps this process alive.
  child.unref();
  child.channel?.unref();
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let ended = false;

  function end(reason: string): void {
    ended = true;
    for (const { fail } of waiting.values()) fail(new ModuleError('away', reason));
    waiting.clear();
  }
  child.on('message', (answer: Answer) => waiting.get(answer.id)?.settle(answer));
  child.once('exit', (code, signal) => end(`The helper process of the hardware module ended (${signal ?? code}).`));
  child.once('error', (error) => end(`The helper process of the hardware module failed: ${error.message}.`));

  return {
    get ended() {
      return ended;
    },
    close() {
      end('The hardware module is closed.');
      if (child.connected) child.disconnect();
    },
    kill() {
      end('The connection to the hardware module was given up.');
      child.kill('SIGKILL');
    },
    call(name, input, withinMs) {
      if (ended) return Promise.reject(new ModuleError('away', 'The helper process of the hardware module has ended.'));
      lastId += 1;
      const id = lastId;
      return new Promise((resolve, reject) => {
        const fail = (error: ModuleError) => {
          clearTimeout(timer);
          waiting.delete(id);
          reject(error);
        };
        const timer = setTimeout(() => fail(new ModuleError('away', NO_ANSWER)), withinMs);
        waiting.set(id, {
          fail,
          settle(answer) {
            clearTimeout(timer);
            waiting.delete(id);
            if ('output' in answer) resolve(answer.output as ModuleCalls[typeof name]['output']);
            else reject(new ModuleError(answer.failure.trouble, answer.failure.message));
          },
        });
        child.send({ id, call: name, input } as Question, (error) => {
          if (error !== null) fail(new ModuleError('away', `The hardware module can't be asked: ${error.message}.`));
        });
      });
    },
  };
}
