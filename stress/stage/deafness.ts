import type { Cable, Line } from '../../test/support/postgres/cable.ts';

/** What a connection sends that listens for changes. */
const LISTEN = 'listen biller_changed';

/** An instance whose connection for change notices falls silent, as one does whose firewall forgot it. */
export interface Deafness {
  /** For `laid` of the stage's options. */
  readonly laid: (cable: Cable, instance: number) => void;
  /** From now on no notice arrives, on new connections either. Everything else passes. */
  begin(): void;
  /** What was held arrives. */
  end(): void;
}

/** @param deaf the number of the instance */
export function createDeafness(deaf: number): Deafness {
  const listening = new Set<Line>();
  let cable: Cable | undefined;
  let begun = false;
  return {
    laid(laid, instance) {
      if (instance !== deaf) return;
      cable = laid;
      laid.onRequest(LISTEN, (line) => {
        listening.add(line);
        if (begun) line.hold();
      });
    },
    begin() {
      if (listening.size === 0) throw new Error('The instance does not listen for changes.');
      begun = true;
      for (const line of listening) line.hold();
    },
    end() {
      begun = false;
      cable?.resume();
    },
  };
}
