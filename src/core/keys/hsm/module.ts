import { createPublicKey, type KeyObject } from 'node:crypto';
import { readSecret } from '../../secrets/secret-source.ts';
import type { KeyType } from '../key-types.ts';
import { type HelperProcess, NO_ANSWER, startHelper } from './helper-process.ts';
import type { CallName, ModuleCalls, TokenFacts } from './messages.ts';
import { ModuleError } from './module-error.ts';

/** Where the hardware module is. */
export interface ModuleSettings {
  /** Absolute path of the PKCS#11 library. */
  readonly library: string;
  /** Label of the token. */
  readonly token: string;
  /** The PIN, or where it is (secret-source.ts). Read at every login, so that it may change. */
  readonly pin: string;
}

/** How long is waited for the module, in milliseconds. */
interface Patience {
  readonly login: number;
  /** For a signature, or any other answer. */
  readonly answer: number;
  /** For a key pair: a small module takes a minute for RSA-4096. */
  readonly generate: number;
  /** After a login that failed, this long no other is tried. */
  readonly retry: number;
  /** An answer proves for this long that the module is there. */
  readonly trust: number;
}

/**
 * A hardware module (PKCS#11 2.40), reached through a helper process that is started when it is first needed. When the
 * module was away, the next call after it is back finds it. Every function throws ModuleError.
 */
export interface HardwareModule {
  /** Throws where the module is away. One that answered a moment ago is not asked. */
  ready(): Promise<void>;
  /** Asks the token whether it is there. */
  check(): Promise<TokenFacts>;
  /** Makes a key pair that can't leave the module. @returns its public key */
  generate(label: string, keyType: KeyType): Promise<KeyObject>;
  /** @returns the public key of a key pair that is fit to sign with */
  find(label: string): Promise<KeyObject>;
  /** @param bytes not hashed @returns PKCS#1 v1.5 over SHA-256 for RSA, r||s for ECDSA */
  sign(label: string, bytes: Uint8Array): Promise<Uint8Array>;
  /** Destroys the key pair with a label; not there is as good. @returns how many objects of the token there were */
  destroy(label: string): Promise<number>;
  /** Ends the helper process. */
  close(): void;
}

const PATIENCE: Patience = { login: 20_000, answer: 5_000, generate: 120_000, retry: 1_000, trust: 5_000 };

const CLOSED = 'The hardware module is closed.';

const publicKeyOf = (spki: Uint8Array) => createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });

const isAway = (error: unknown): error is ModuleError => error instanceof ModuleError && error.trouble === 'away';

/** @param deadline as performance.now() counts @throws ModuleError where it is not there by then; it goes on all the same */
async function inTime<Result>(work: Promise<Result>, deadline: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new ModuleError('away', NO_ANSWER);
    timer = setTimeout(() => reject(error), Math.max(0, Math.ceil(deadline - performance.now())));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @param patience other times than the ordinary ones */
export function createModule(settings: ModuleSettings, patience: Partial<Patience> = {}): HardwareModule {
  const { login, answer, generate, retry, trust } = { ...PATIENCE, ...patience };
  /** Logged in, until it ends. */
  let helper: HelperProcess | undefined;
  let opening: Promise<HelperProcess> | undefined;
  /** The module is away: why, and when to look again. Gone with the next login. */
  let away: { readonly error: Error; lookAgain: number } | undefined;
  /** A PIN that was refused is not tried again: a token locks after a few. */
  let refusedPin: string | undefined;
  /** When the module answered last, as performance.now() counts. */
  let heard = Number.NEGATIVE_INFINITY;
  let closed = false;

  async function open(): Promise<HelperProcess> {
    const { text } = await readSecret('PKCS11_PIN', settings.pin);
    const pin = text.replace(/\r?\n$/, '');
    if (pin === refusedPin) {
      throw new ModuleError(
        'pin',
        'The token has refused the PIN (PKCS11_PIN). It is not tried again, because that may lock the token. Correct it, and start this program again.',
      );
    }
    const started = startHelper();
    try {
      await started.call('open', { library: settings.library, token: settings.token, pin }, login);
      if (closed) throw new ModuleError('away', CLOSED);
      return started;
    } catch (error) {
      started.kill();
      if (error instanceof ModuleError && error.trouble === 'pin') refusedPin = pin;
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

  /** The one helper, started by whoever needs it first. While the module is known to be away, nobody else waits for it. */
  async function connected(): Promise<HelperProcess> {
    if (helper !== undefined && !helper.ended) return helper;
    if (closed) throw new ModuleError('away', CLOSED);
    if (away !== undefined && (opening !== undefined || performance.now() < away.lookAgain)) throw away.error;
    opening ??= openAndNote();
    return opening;
  }

  async function call<Name extends CallName>(
    name: Name,
    input: ModuleCalls[Name]['input'],
    withinMs: number,
  ): Promise<ModuleCalls[Name]['output']> {
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
      // A library that lost its module seldom finds it again; one that is loaded afresh does.
      return await ask((asked) => asked.kill());
    } catch (error) {
      if (!isAway(error)) throw error;
      // A timer may run out a moment before the clock says so.
      if (error.message === NO_ANSWER || performance.now() >= deadline) noteAway(error);
      // What was lost at once is asked for once more. A key pair is not made twice.
      if (away !== undefined || name === 'generate') throw error;
      return ask(() => undefined);
    }
  }

  return {
    async ready() {
      if (performance.now() - heard > trust || helper?.ended !== false) await call('check', null, answer);
    },
    check: () => call('check', null, answer),
    generate: async (label, keyType) => publicKeyOf(await call('generate', { label, keyType }, generate)),
    find: async (label) => publicKeyOf(await call('find', { label }, answer)),
    sign: (label, bytes) => call('sign', { label, bytes }, answer),
    destroy: (label) => call('destroy', { label }, answer),
    close() {
      closed = true;
      helper?.close();
    },
  };
}
