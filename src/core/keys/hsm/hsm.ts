import { createPublicKey, type KeyObject } from 'node:crypto';
import { readSecret } from '../../secrets/secret-source.ts';
import type { KeyType } from '../key-types.ts';
import { type HelperProcess, NO_ANSWER, startHelper } from './helper-process.ts';
import { HsmError } from './hsm-error.ts';
import type { CallName, HsmCalls, TokenFacts } from './messages.ts';
import { createSignatureQueue } from './signature-queue.ts';

/** How to reach the hardware security module (HSM). */
export interface HsmSettings {
  /** Absolute path of the PKCS#11 library. */
  readonly library: string;
  /** Label of the token. */
  readonly token: string;
  /** The PIN, or where to find it (secret-source.ts). Read at every login, so that it may change. */
  readonly pin: string;
}

/** Time limits for the HSM, in milliseconds. */
interface Patience {
  readonly login: number;
  /** For a signature, or any other answer, from its turn on: see SignatureQueue. */
  readonly answer: number;
  /** For a key pair: small HSMs take a minute for RSA-4096. */
  readonly generate: number;
  /** Wait after a failed login before the next one. */
  readonly retry: number;
  /** How long one answer counts as proof that the HSM is reachable. */
  readonly trust: number;
}

/**
 * A hardware security module (PKCS#11 2.40), reached through a helper process that is started on first use. After an
 * outage, the next call reconnects. All functions throw HsmError.
 */
export interface Hsm {
  /** Throws if the HSM is away, or has too much to sign with this key. Does not ask if it answered a moment ago. */
  ready(label: string): Promise<void>;
  /** Asks the token whether it is present. */
  check(): Promise<TokenFacts>;
  /** Makes a key pair that can't leave the HSM. @returns its public key */
  generate(label: string, keyType: KeyType): Promise<KeyObject>;
  /** @returns the public key of a key pair that is fit for signing */
  find(label: string): Promise<KeyObject>;
  /**
   * @param bytes not hashed
   * @param last whether every other signature goes first
   * @returns PKCS#1 v1.5 over SHA-256 for RSA, r||s for ECDSA
   */
  sign(label: string, bytes: Uint8Array, last?: boolean): Promise<Uint8Array>;
  /** Destroys the key pair with this label, if it exists. @returns how many objects were on the token */
  destroy(label: string): Promise<number>;
  /** Ends the helper process. */
  close(): void;
}

const PATIENCE: Patience = { login: 20_000, answer: 5_000, generate: 120_000, retry: 1_000, trust: 5_000 };

const CLOSED = 'The connection to the HSM is closed.';

const publicKeyOf = (spki: Uint8Array) => createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });

const isAway = (error: unknown): error is HsmError => error instanceof HsmError && error.trouble === 'away';

/**
 * @param deadline in performance.now() time @throws HsmError if the work is not done by then; the work continues anyway
 */
async function inTime<Result>(work: Promise<Result>, deadline: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new HsmError('away', NO_ANSWER);
    timer = setTimeout(() => reject(error), Math.max(0, Math.ceil(deadline - performance.now())));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @param patience time limits that differ from the defaults */
export function createHsm(settings: HsmSettings, patience: Partial<Patience> = {}): Hsm {
  const { login, answer, generate, retry, trust } = { ...PATIENCE, ...patience };
  /** Logged in, until it exits. */
  let helper: HelperProcess | undefined;
  let opening: Promise<HelperProcess> | undefined;
  /** Set while the HSM is away: why, and when to try again. Cleared by the next login. */
  let away: { readonly error: Error; lookAgain: number } | undefined;
  /** Never retry a refused PIN: tokens lock after a few attempts. */
  let refusedPin: string | undefined;
  /** Time of the HSM's last answer, in performance.now() time. */
  let heard = Number.NEGATIVE_INFINITY;
  let closed = false;
  const queue = createSignatureQueue();
  let checking: Promise<TokenFacts> | undefined;

  async function open(): Promise<HelperProcess> {
    const { text } = await readSecret('PKCS11_PIN', settings.pin);
    const pin = text.replace(/\r?\n$/, '');
    if (pin === refusedPin) {
      throw new HsmError(
        'pin',
        'The token refused the PIN (PKCS11_PIN). It will not be retried, because that could lock the token. Correct the PIN and restart this program.',
      );
    }
    const started = startHelper();
    try {
      await started.call('open', { library: settings.library, token: settings.token, pin }, login);
      if (closed) throw new HsmError('away', CLOSED);
      return started;
    } catch (error) {
      started.kill();
      if (error instanceof HsmError && error.trouble === 'pin') refusedPin = pin;
      throw error;
    }
  }

  function noteAway(error: Error): void {
    away = { error, lookAgain: performance.now() + retry };
  }

  async function openAndNote(): Promise<HelperProcess> {
    try {
      helper = await open();
      away = undefined;
      return helper;
    } catch (error) {
      noteAway(error as Error);
      throw error;
    } finally {
      opening = undefined;
    }
  }

  /**
   * Returns the only helper, starting it if needed. While the HSM is known to be away, only one caller waits for it.
   */
  async function connected(): Promise<HelperProcess> {
    if (helper !== undefined && !helper.ended) return helper;
    if (closed) throw new HsmError('away', CLOSED);
    if (away !== undefined && (opening !== undefined || performance.now() < away.lookAgain)) throw away.error;
    opening ??= openAndNote();
    return opening;
  }

  async function call<Name extends CallName>(
    name: Name,
    input: HsmCalls[Name]['input'],
    withinMs: number,
  ): Promise<HsmCalls[Name]['output']> {
    const deadline = performance.now() + withinMs;
    const ask = async (afresh: (asked: HelperProcess) => void) => {
      const asked = await inTime(connected(), deadline);
      try {
        const output = await asked.call(name, input, Math.max(1, Math.ceil(deadline - performance.now())));
        heard = performance.now();
        return output;
      } catch (error) {
        if (isAway(error)) afresh(asked);
        throw error;
      }
    };
    try {
      // A library that lost its HSM seldom recovers; a freshly loaded one does.
      return await ask((asked) => asked.kill());
    } catch (error) {
      if (!isAway(error)) throw error;
      // A timer may fire just before the clock reaches the deadline.
      if (error.message === NO_ANSWER || performance.now() >= deadline) noteAway(error);
      // If the connection failed immediately, retry once. But never make a key pair twice.
      if (away !== undefined || name === 'generate') throw error;
      return ask(() => undefined);
    }
  }

  /** Callers share one check. */
  function check(): Promise<TokenFacts> {
    checking ??= call('check', null, answer).finally(() => {
      checking = undefined;
    });
    return checking;
  }

  return {
    async ready(label) {
      queue.refuseIfLong(label);
      if (performance.now() - heard > trust || helper?.ended !== false) await check();
    },
    check,
    generate: async (label, keyType) => publicKeyOf(await call('generate', { label, keyType }, generate)),
    find: async (label) => publicKeyOf(await call('find', { label }, answer)),
    sign: (label, bytes, last = false) => queue.run(label, () => call('sign', { label, bytes }, answer), last),
    destroy: (label) => call('destroy', { label }, answer),
    close() {
      closed = true;
      helper?.close();
    },
  };
}
