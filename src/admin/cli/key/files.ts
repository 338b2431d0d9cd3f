import { readFile } from 'node:fs/promises';
import { InputError } from '../../../platform/errors/idp-error.ts';

/** @param option which the file was given by, for what is told where it can't be read @throws InputError */
export async function readBytes(option: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new InputError(`${option} "${file}" can't be read: ${(error as Error).message}.`, { cause: error });
  }
}
