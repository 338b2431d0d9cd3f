interface Entry<Value> {
  readonly value: Value;
  readonly expiresAt: number;
}

/** A map with a life span for its entries and a bound on their number. When it is full, the oldest entry goes. */
export class ExpiringMap<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #lifeMs: number;
  readonly #capacity: number;

  /**
   * @param lifeMs how long an entry is found
   * @param capacity how many entries there may be at most
   */
  constructor(lifeMs: number, capacity: number) {
    this.#lifeMs = lifeMs;
    this.#capacity = capacity;
  }

  /** Keeps a value under a key, replacing an earlier one. */
  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#dropExpired();
    if (this.#entries.size >= this.#capacity) {
      const oldest = this.#entries.keys().next();
      if (!oldest.done) {
        this.#entries.delete(oldest.value);
      }
    }
    this.#entries.set(key, { value, expiresAt: Date.now() + this.#lifeMs });
  }

  /** The value under a key, or undefined when there is none (any more). */
  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresAt > Date.now() ? entry.value : undefined;
  }

  /** Takes the value under a key out of the map: it is found once. */
  take(key: string): Value | undefined {
    const value = this.get(key);
    this.#entries.delete(key);
    return value;
  }

  /** Whether another entry fits without an older one having to go. */
  hasRoom(): boolean {
    this.#dropExpired();
    return this.#entries.size < this.#capacity;
  }

  // All entries live equally long, so the expired ones are the first in the order of insertion.
  #dropExpired(): void {
    const now = Date.now();
    for (const [key, entry] of this.#entries) {
      if (entry.expiresAt > now) {
        return;
      }
      this.#entries.delete(key);
    }
  }
}
