import { endianness } from 'node:os';
import { ModuleError, type ModuleTrouble } from './module-error.ts';

/** The binding to PKCS#11 libraries (npm package pkcs11js): its class and constants. */
export type Binding = typeof import('pkcs11js');
export type Cryptoki = InstanceType<Binding['PKCS11']>;
/** A session or an object of a token. */
export type Handle = Buffer;

/** @throws ModuleError where the optional package is not installed, or was not built */
export async function loadBinding(): Promise<Binding> {
  try {
    return (await import('pkcs11js')).default;
  } catch (cause) {
    throw new ModuleError(
      'away',
      'The npm package pkcs11js, which speaks to hardware modules, is not here or not built. It is optional and is built on the machine: install python3, make and a C++ compiler (Debian: apt-get install python3 make g++), then run `npm install` in the folder of this program, or, where the package is there already, `npm rebuild pkcs11js`.',
      { cause },
    );
  }
}

/** What a module says where the asker is mistaken. Whatever else it says, it is taken to be away: that heals itself. */
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

/** @returns the return value of PKCS#11 behind an error, e.g. CKR_PIN_INCORRECT; undefined where there is none */
export const returnValueOf = (error: unknown): string | undefined => /CKR_[A-Z_]+/.exec(String(error))?.[0];

/** Says what an error of the library means. @param doing in words, e.g. "log in" */
export function toModuleError(error: unknown, doing: string): ModuleError {
  if (error instanceof ModuleError) return error;
  const value = returnValueOf(error);
  const said = value ?? (error instanceof Error ? error.message : String(error));
  let trouble: ModuleTrouble = 'away';
  if (value !== undefined && REFUSALS.has(value)) trouble = 'refused';
  if (value !== undefined && PIN_TROUBLE.test(value)) trouble = 'pin';
  return new ModuleError(trouble, `The hardware module could not ${doing}: it said ${said}.`, { cause: error });
}

/** Reads a CK_ULONG that came as bytes in the machine's own order. */
export function readUlong(value: Buffer): number {
  return endianness() === 'LE' ? value.readUInt32LE(0) : value.readUInt32BE(value.length - 4);
}

const held = new Set<object>();

/**
 * Keeps things alive while the library works on them: the binding hands it their addresses, and holds no reference that
 * the garbage collector knows of.
 */
export async function holding<Result>(things: object, work: Promise<Result>): Promise<Result> {
  held.add(things);
  try {
    return await work;
  } finally {
    held.delete(things);
  }
}
