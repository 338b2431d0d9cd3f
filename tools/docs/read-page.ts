import { readFileSync } from 'node:fs';

/** @returns the text of a page; undefined if there is no such file */
export function readPage(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
