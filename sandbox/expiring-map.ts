interface Entry<Value> {
  readonly value: Value;
  readonly expiresAt: number;
}

/** A map of limited size whose entries expire. When it is full, the oldest entry is dropped. */
export class ExpiringMap<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #lifeMs: number;
  readonly #capacity: number;

  /**
   * @param lifeMs lifetime of an entry
   * @param capacity maximum number of entries
   */
  constructor(lifeMs: number, capacity: number) {
    this.#lifeMs = lifeMs;
    this.#capacity = capacity;
  }

  /** Stores a value under a key, replacing any earlier one. */
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

  /** The value for a key, or undefined if there is none or it has expired. */
  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresAt > Date.now() ? entry.value : undefined;
  }

  /** Removes and returns the value for a key, so that it is found only once. */
  take(key: string): Value | undefined {
    const value = this.get(key);
    this.#entries.delete(key);
    return value;
  }

  /** Tells whether another entry fits without dropping an older one. */
  hasRoom(): boolean {
    this.#dropExpired();
    return this.#entries.size < this.#capacity;
  }

  // All entries have the same lifetime, so the expired ones come first in insertion order.
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
