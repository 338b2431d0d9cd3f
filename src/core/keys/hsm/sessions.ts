import type { Binding, Cryptoki, Handle } from './cryptoki.ts';
import { returnValueOf } from './cryptoki.ts';

/** Sessions with a token. Each does one thing at a time; all share one login (PKCS#11 2.40, 2.6.2). */
export interface Sessions {
  /** Runs work in a session, once one is free. */
  use<Result>(work: (session: Handle) => Promise<Result>): Promise<Result>;
  /** Runs work that changes the token, in its own session. */
  change<Result>(work: (session: Handle) => Promise<Result>): Promise<Result>;
}

/** The maximum number of concurrent signatures; the helper has a thread for each. */
export const MAX_SESSIONS = 8;

/** @param first a logged-in session. More are opened as needed, up to what the token allows */
export function createSessions(binding: Binding, library: Cryptoki, slot: Handle, first: Handle): Sessions {
  const { CKF_SERIAL_SESSION, CKF_RW_SESSION } = binding;
  const free: Handle[] = [first];
  const waiting: ((session: Handle) => void)[] = [];
  let open = 1;
  let most = MAX_SESSIONS;

  function another(): Handle | undefined {
    if (open >= most) return undefined;
    try {
      const session = library.C_OpenSession(slot, CKF_SERIAL_SESSION);
      open += 1;
      return session;
    } catch (error) {
      if (returnValueOf(error) !== 'CKR_SESSION_COUNT') throw error;
      most = open;
      return undefined;
    }
  }

  return {
    async use(work) {
      const session = free.pop() ?? another() ?? (await new Promise<Handle>((resolve) => void waiting.push(resolve)));
      try {
        return await work(session);
      } finally {
        const next = waiting.shift();
        if (next === undefined) free.push(session);
        else next(session);
      }
    },
    async change(work) {
      const session = library.C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION);
      try {
        return await work(session);
      } finally {
        library.C_CloseSession(session);
      }
    },
  };
}
