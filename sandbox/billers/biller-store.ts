import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { Refusal } from '../refusal.ts';
import { type Biller, billerSchema } from './biller.ts';

const maxBillers = 500;
const fileSchema = z.strictObject({ billers: z.array(billerSchema) });

/** Makes a folder and those above it, for this user only. Node's own `recursive` loops forever where nothing can be made, as in /proc. */
async function makeFolders(path: string): Promise<void> {
  const codeOf = () =>
    mkdir(path, { mode: 0o700 }).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    );
  if ((await codeOf()) !== 'ENOENT') return;
  await makeFolders(dirname(path));
  await codeOf();
}

/** The onboarded billers, in memory and optionally in a file that survives restarts. */
export class BillerStore {
  readonly #billers: Map<string, Biller>;
  readonly #file: string | undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(billers: readonly Biller[], file: string | undefined) {
    this.#billers = new Map(billers.map((biller) => [biller.guid, biller]));
    this.#file = file;
  }

  /**
   * Opens the store.
   * @param file path of the JSON file; it does not need to exist yet. Without it, nothing outlives the process.
   * @throws Error naming the file, if it can't be read or was not written by this program
   */
  static async open(file: string | undefined): Promise<BillerStore> {
    if (file === undefined) {
      return new BillerStore([], undefined);
    }
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
        return new BillerStore([], file);
      }
      throw new Error(`The onboarded billers in ${file} can't be read.`, { cause: error });
    }
    try {
      return new BillerStore(fileSchema.parse(JSON.parse(text)).billers, file);
    } catch (error) {
      throw new Error(`${file} was not written by this program. Move it away.`, {
        cause: error,
      });
    }
  }

  /** The biller with this GUID (in lower case). */
  find(guid: string): Biller | undefined {
    return this.#billers.get(guid);
  }

  /** All billers, by name. */
  list(): readonly Biller[] {
    return [...this.#billers.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  /**
   * Stores a biller, replacing any with the same GUID.
   * @throws Refusal if there are too many already
   */
  async save(biller: Biller): Promise<void> {
    if (!this.#billers.has(biller.guid) && this.#billers.size >= maxBillers) {
      throw new Refusal(
        'bad-form',
        400,
        `The sandbox keeps at most ${maxBillers} billers.`,
        'Restart it with a new store.',
      );
    }
    this.#billers.set(biller.guid, biller);
    if (this.#file !== undefined) {
      const file = this.#file;
      // Writes run one after another, and each contains everything, so the last one wins.
      this.#writing = this.#writing.catch(() => undefined).then(() => this.#write(file));
      await this.#writing;
    }
  }

  async #write(file: string): Promise<void> {
    await makeFolders(dirname(file));
    const fresh = `${file}.${randomBytes(6).toString('hex')}`;
    try {
      await writeFile(fresh, `${JSON.stringify({ billers: this.list() }, null, 2)}\n`, { mode: 0o600 });
      // A rename is atomic: readers see the old file or the new one, never a partial one.
      await rename(fresh, file);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
  }
}
