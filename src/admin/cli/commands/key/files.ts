import { readFile } from 'node:fs/promises';
import { InputError } from '../../../../platform/errors/idp-error.ts';

/** @param option that named the file, for the error @throws InputError if it can't be read */
export async function readBytes(option: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new InputError(`${option} "${file}" can't be read: ${(error as Error).message}.`, { cause: error });
  }
}
