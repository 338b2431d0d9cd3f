import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { type Biller, billerSchema } from './biller.ts';
import { Refusal } from './refusal.ts';

const maxBillers = 500;
const fileSchema = z.strictObject({ billers: z.array(billerSchema) });

/** The onboarded billers, in memory and, when a file is named, in that file over a restart. */
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
   * @param file path of the JSON file; it need not exist yet. Without it, nothing outlives the process.
   * @throws Error that names the file, when it cannot be read or was not written by this program
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
      throw new Error(`The onboarded billers in ${file} cannot be read.`, { cause: error });
    }
    try {
      return new BillerStore(fileSchema.parse(JSON.parse(text)).billers, file);
    } catch (error) {
      throw new Error(`${file} does not hold onboarded billers as this program writes them. Move it away.`, {
        cause: error,
      });
    }
  }

  /** The biller with this GUID (lower case). */
  find(guid: string): Biller | undefined {
    return this.#billers.get(guid);
  }

  /** All billers, by name. */
  list(): readonly Biller[] {
    return [...this.#billers.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  /**
   * Keeps a biller, replacing the one with the same GUID.
   * @throws Refusal when there are too many already
   */
  async save(biller: Biller): Promise<void> {
    if (!this.#billers.has(biller.guid) && this.#billers.size >= maxBillers) {
      throw new Refusal(
        'bad-form',
        400,
        `The stand-in keeps at most ${maxBillers} billers.`,
        'Start it with a new store.',
      );
    }
    this.#billers.set(biller.guid, biller);
    if (this.#file !== undefined) {
      const file = this.#file;
      // One write after another, each with everything: the last one always wins.
      this.#writing = this.#writing.catch(() => undefined).then(() => this.#write(file));
      await this.#writing;
    }
  }

  async #write(file: string): Promise<void> {
    await mkdir(dirname(file), { recursive: true });
    const fresh = `${file}.${randomBytes(6).toString('hex')}`;
    try {
      await writeFile(fresh, `${JSON.stringify({ billers: this.list() }, null, 2)}\n`, { mode: 0o600 });
      // A rename is atomic: a reader sees the old file or the new one, never half of one.
      await rename(fresh, file);
    } catch (error) {
      await rm(fresh, { force: true });
      throw error;
    }
  }
}
