import { endianness } from 'node:os';
import { HsmError, type HsmTrouble } from './hsm-error.ts';

/** The binding to PKCS#11 libraries (npm package pkcs11js): its class and constants. */
export type Binding = typeof import('pkcs11js');
export type Cryptoki = InstanceType<Binding['PKCS11']>;
/** A session, or an object on a token. */
export type Handle = Buffer;

/** @throws HsmError if the optional package is not installed or was not built */
export async function loadBinding(): Promise<Binding> {
  try {
    return (await import('pkcs11js')).default;
  } catch (cause) {
    throw new HsmError(
      'away',
      'The npm package pkcs11js, which talks to HSMs, is not installed or not built. It is optional and is built on this machine: install python3, make and a C++ compiler (Debian: apt-get install python3 make g++), then run `npm install` in the folder of this program, or `npm rebuild pkcs11js` if the package is already there.',
      { cause },
    );
  }
}

/**
 * Return values that mean the request was wrong. Any other error counts as the HSM being away, which resolves itself.
 */
const REFUSALS = new Set([
  'CKR_ACTION_PROHIBITED',
  'CKR_ATTRIBUTE_READ_ONLY',
  'CKR_ATTRIBUTE_TYPE_INVALID',
  'CKR_ATTRIBUTE_VALUE_INVALID',
  'CKR_CURVE_NOT_SUPPORTED',
  'CKR_DATA_LEN_RANGE',
  'CKR_DEVICE_MEMORY',
  'CKR_DOMAIN_PARAMS_INVALID',
  'CKR_FUNCTION_NOT_SUPPORTED',
  'CKR_KEY_FUNCTION_NOT_PERMITTED',
  'CKR_KEY_SIZE_RANGE',
  'CKR_KEY_TYPE_INCONSISTENT',
  'CKR_MECHANISM_INVALID',
  'CKR_MECHANISM_PARAM_INVALID',
  'CKR_SESSION_READ_ONLY',
  'CKR_TEMPLATE_INCOMPLETE',
  'CKR_TEMPLATE_INCONSISTENT',
  'CKR_TOKEN_WRITE_PROTECTED',
]);
const PIN_TROUBLE = /^CKR_(PIN_|USER_PIN_NOT_INITIALIZED|USER_TYPE_INVALID)/;

/** @returns the PKCS#11 return value in an error, e.g. CKR_PIN_INCORRECT; undefined if there is none */
export const returnValueOf = (error: unknown): string | undefined => /CKR_[A-Z_]+/.exec(String(error))?.[0];

/** Classifies a library error. @param doing in words, e.g. "log in" */
export function toHsmError(error: unknown, doing: string): HsmError {
  if (error instanceof HsmError) return error;
  const value = returnValueOf(error);
  const said = value ?? (error instanceof Error ? error.message : String(error));
  let trouble: HsmTrouble = 'away';
  if (value !== undefined && REFUSALS.has(value)) trouble = 'refused';
  if (value !== undefined && PIN_TROUBLE.test(value)) trouble = 'pin';
  return new HsmError(trouble, `The HSM could not ${doing}: it returned ${said}.`, { cause: error });
}

/** Reads a CK_ULONG from bytes in the machine's native byte order. */
export function readUlong(value: Buffer): number {
  return endianness() === 'LE' ? value.readUInt32LE(0) : value.readUInt32BE(value.length - 4);
}

const held = new Set<object>();

/**
 * Keeps objects alive while the library works on them: the binding passes it their addresses but holds no reference
 * that the garbage collector sees.
 */
export async function holding<Result>(things: object, work: Promise<Result>): Promise<Result> {
  held.add(things);
  try {
    return await work;
  } finally {
    held.delete(things);
  }
}
