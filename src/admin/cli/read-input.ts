import { readFile } from 'node:fs/promises';
import { InputError } from '../../platform/errors/idp-error.ts';
import { decodeText, TextError } from '../../platform/util/decode-text.ts';

const MAX_BYTES = 1024 * 1024;

/** What has read standard input: there is only one. */
let reader: string | undefined;

async function readAllInput(option: string, maxBytes: number): Promise<Buffer> {
  if (reader !== undefined) {
    throw new InputError(
      `${option} "-": standard input can be read only once, and ${reader} has read it. Give a file.`,
    );
  }
  reader = option;
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBytes) break;
    parts.push(part);
  }
  return size > maxBytes ? Buffer.alloc(size) : Buffer.concat(parts);
}

/**
 * @param option that named the file, for the error
 * @param file a path, or - for standard input, as in a container that has no such file
 * @throws InputError if it can't be read, or is too large
 */
export async function readBytes(option: string, file: string, maxBytes = MAX_BYTES): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = file === '-' ? await readAllInput(option, maxBytes) : await readFile(file);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${option} "${file}" can't be read: ${(error as Error).message}.`, { cause: error });
  }
  if (bytes.length <= maxBytes) return bytes;
  throw new InputError(`${option} "${file}" is larger than ${maxBytes} bytes.`);
}

/** @param source names it in the error @throws InputError if the bytes are not UTF-8 text */
function firstLineOf(source: string, bytes: Buffer): string {
  try {
    return decodeText(bytes).split(/\r?\n/)[0] ?? '';
  } catch (error) {
    if (error instanceof TextError) throw new InputError(`${source} ${error.message}.`);
    throw error;
  }
}

/** The first line of a file: a secret on the command line would be visible to everyone on the machine. */
export async function readFirstLine(option: string, file: string): Promise<string> {
  return firstLineOf(`${option} "${file}"`, await readBytes(option, file));
}

/** The first line of standard input; empty if that is a terminal. @throws InputError if it is not UTF-8 text */
export async function readStandardInput(): Promise<string> {
  return process.stdin.isTTY ? '' : firstLineOf('Standard input', await readAllInput('Standard input', MAX_BYTES));
}
