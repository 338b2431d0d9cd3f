/** Entries of several owners, who take turns. */
export interface Turns<Entry> {
  readonly size: number;
  /** An owner's entries, the oldest first. */
  of(owner: string): readonly Entry[];
  push(owner: string, entry: Entry): void;
  /** @returns whether it was there */
  remove(owner: string, entry: Entry): boolean;
  /** Takes the oldest entry of the owner whose turn it is. */
  shift(): Entry | undefined;
  /** @returns the owner with the most entries */
  longest(): string | undefined;
}

export function createTurns<Entry>(): Turns<Entry> {
  /** In the order of their turns. An owner without entries is not listed. */
  const owners = new Map<string, Entry[]>();
  let size = 0;
  const of = (owner: string) => owners.get(owner) ?? [];
  return {
    get size() {
      return size;
    },
    of,
    push(owner, entry) {
      const own = of(owner);
      own.push(entry);
      owners.set(owner, own);
      size += 1;
    },
    remove(owner, entry) {
      const own = of(owner);
      const index = own.indexOf(entry);
      if (index < 0) return false;
      own.splice(index, 1);
      if (own.length === 0) owners.delete(owner);
      size -= 1;
      return true;
    },
    shift() {
      const [first] = owners;
      if (first === undefined) return undefined;
      const [owner, own] = first;
      const entry = own.shift();
      // To the end of the line.
      owners.delete(owner);
      if (own.length > 0) owners.set(owner, own);
      size -= 1;
      return entry;
    },
    longest() {
      let most: string | undefined;
      for (const [owner, own] of owners) if (most === undefined || own.length > of(most).length) most = owner;
      return most;
    },
  };
}
