import { fork } from 'node:child_process';
import { HsmError } from './hsm-error.ts';
import type { Answer, CallName, HsmCalls, Question } from './messages.ts';
import { MAX_SESSIONS } from './sessions.ts';

/** The helper process as seen by the service. */
export interface HelperProcess {
  /**
   * @param withinMs time limit for the answer, in milliseconds. It begins again with every other answer, up to
   *   MAX_SESSIONS times: the helper works on as many calls at once as the token has sessions
   * @throws HsmError, also if the helper exits or is too slow
   */
  call<Name extends CallName>(
    name: Name,
    input: HsmCalls[Name]['input'],
    withinMs: number,
  ): Promise<HsmCalls[Name]['output']>;
  /** Kills it, whatever it is doing. */
  kill(): void;
  /** Makes it log out and exit. */
  close(): void;
  readonly ended: boolean;
}

export const NO_ANSWER = 'The HSM did not answer in time.';

const HELPER = new URL('./helper.ts', import.meta.url).pathname;

/** Settings that the vendor's library must not see. */
const KEPT_BACK = ['MASTER_KEY', 'DATABASE_URL', 'PKCS11_PIN'];

function helperEnvironment(): NodeJS.ProcessEnv {
  const shown = Object.entries(process.env).filter(([name]) => !KEPT_BACK.includes(name));
  return { ...Object.fromEntries(shown), UV_THREADPOOL_SIZE: String(MAX_SESSIONS) };
}

interface Waiting {
  settle(answer: Answer): void;
  fail(error: HsmError): void;
}

/** Starts a helper. It does nothing until it is asked to open a token. */
export function startHelper(): HelperProcess {
  const child = fork(HELPER, [], {
    env: helperEnvironment(),
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  // A command must be able to exit when it is done. While an answer is awaited, its timer keeps this process alive.
  child.unref();
  child.channel?.unref();
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let heard = 0;
  let ended = false;

  function end(reason: string): void {
    ended = true;
    for (const { fail } of waiting.values()) fail(new HsmError('away', reason));
    waiting.clear();
  }
  child.on('message', (answer: Answer) => {
    heard = performance.now();
    waiting.get(answer.id)?.settle(answer);
  });
  child.once('exit', (code, signal) => end(`The HSM helper process exited (${signal ?? code}).`));
  child.once('error', (error) => end(`The HSM helper process failed: ${error.message}.`));

  return {
    get ended() {
      return ended;
    },
    close() {
      end('The connection to the HSM is closed.');
      if (child.connected) child.disconnect();
    },
    kill() {
      end('The connection to the HSM was abandoned.');
      child.kill('SIGKILL');
    },
    call(name, input, withinMs) {
      if (ended) return Promise.reject(new HsmError('away', 'The HSM helper process has exited.'));
      lastId += 1;
      const id = lastId;
      return new Promise((resolve, reject) => {
        const fail = (error: HsmError) => {
          clearTimeout(timer);
          waiting.delete(id);
          reject(error);
        };
        const begun = performance.now();
        const judge = () => {
          const left = Math.min(heard + withinMs, begun + withinMs * MAX_SESSIONS) - performance.now();
          if (left >= 1) timer = setTimeout(judge, left);
          else fail(new HsmError('away', NO_ANSWER));
        };
        let timer = setTimeout(judge, withinMs);
        waiting.set(id, {
          fail,
          settle(answer) {
            clearTimeout(timer);
            waiting.delete(id);
            if ('output' in answer) resolve(answer.output as HsmCalls[typeof name]['output']);
            else reject(new HsmError(answer.failure.trouble, answer.failure.message));
          },
        });
        child.send({ id, call: name, input } as Question, (error) => {
          if (error !== null) fail(new HsmError('away', `The HSM can't be reached: ${error.message}.`));
        });
      });
    },
  };
}
