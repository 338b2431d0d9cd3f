import { open, readFile } from 'node:fs/promises';
import { InputError } from '../../platform/errors/idp-error.ts';
import { decodeText, TextError } from '../../platform/util/decode-text.ts';

const MAX_BYTES = 1024 * 1024;

/** What has read standard input: there is only one. */
let reader: string | undefined;

/** @throws InputError if something has read standard input already */
function takeStandardInput(option: string): AsyncIterable<Buffer> {
  if (reader !== undefined) {
    throw new InputError(
      `${option} "-": standard input can be read only once, and ${reader} has read it. Give a file.`,
    );
  }
  reader = option;
  return process.stdin as AsyncIterable<Buffer>;
}

async function readAllInput(option: string, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of takeStandardInput(option)) {
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
    throw unreadable(option, file, error as Error);
  }
  if (bytes.length <= maxBytes) return bytes;
  throw new InputError(`${option} "${file}" is larger than ${maxBytes} bytes.`);
}

const unreadable = (option: string, file: string, cause: Error) =>
  new InputError(`${option} "${file}" can't be read: ${cause.message}.`, { cause });

/**
 * Reads a file of any size in parts.
 *
 * @param file a path, or - for standard input
 * @throws InputError if it can't be read, or was changed in the meantime
 */
export async function* readParts(option: string, file: string): AsyncGenerator<Buffer> {
  if (file === '-') {
    yield* takeStandardInput(option);
    return;
  }
  const opened = await open(file).catch((cause: Error) => {
    throw unreadable(option, file, cause);
  });
  try {
    const before = await opened.stat();
    if (before.isDirectory()) throw new InputError(`${option} "${file}" is a folder; it must be a file.`);
    for await (const part of opened.createReadStream({ autoClose: false })) yield part as Buffer;
    const after = await opened.stat();
    if (before.size !== after.size || before.mtimeMs !== after.mtimeMs) {
      throw new InputError(`${option} "${file}" was changed while it was read. Run the command again.`);
    }
  } catch (error) {
    throw error instanceof InputError ? error : unreadable(option, file, error as Error);
  } finally {
    await opened.close();
  }
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
