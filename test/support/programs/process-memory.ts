import { type FileHandle, open, readFile } from 'node:fs/promises';

const CHUNK = 4 * 1024 * 1024;
const NOTHING = Buffer.alloc(CHUNK);

/** What to search for, by name. */
export type Needles = Readonly<Record<string, Buffer>>;

/**
 * Searches everything that a process may write to in its memory: heap, stacks, and what its libraries hold. Only Linux
 * shows the memory of a process as a file. The event loop is not blocked.
 *
 * @param pid of this process or of one that it started
 * @returns names of what was found, and how many bytes that are not zero were searched, to the nearest chunk
 * @throws Error if the memory can't be read
 */
export async function searchMemory(pid: number, needles: Needles): Promise<{ found: string[]; searched: number }> {
  const longest = Math.max(...Object.values(needles).map(({ length }) => length));
  const maps = (await readFile(`/proc/${pid}/maps`, 'utf8')).split('\n');
  const memory = await open(`/proc/${pid}/mem`, 'r');
  const found = new Set<string>();
  let searched = 0;
  try {
    for (const line of maps) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (from === undefined || to === undefined) continue;
      const end = BigInt(`0x${to}`);
      // What straddles two chunks is in the overlap.
      for (let at = BigInt(`0x${from}`); at < end; at += BigInt(CHUNK - longest)) {
        const bytes = await readChunk(memory, at, Number(end - at < BigInt(CHUNK) ? end - at : BigInt(CHUNK)));
        if (bytes.equals(NOTHING.subarray(0, bytes.length))) continue;
        searched += bytes.length;
        for (const [name, needle] of Object.entries(needles)) if (bytes.includes(needle)) found.add(name);
      }
    }
  } finally {
    await memory.close();
  }
  return { found: [...found].sort(), searched };
}

async function readChunk(memory: FileHandle, position: bigint, length: number): Promise<Buffer> {
  const chunk = Buffer.alloc(length);
  try {
    return chunk.subarray(0, (await memory.read({ buffer: chunk, position })).bytesRead);
  } catch (error) {
    // Mapped, but nothing behind it, or gone since.
    if (['EIO', 'EFAULT'].includes((error as NodeJS.ErrnoException).code ?? '')) return Buffer.alloc(0);
    throw error;
  }
}
