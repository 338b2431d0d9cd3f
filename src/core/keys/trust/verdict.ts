import type { KeyFacts, KeyStatus } from '../status.ts';

/**
 * Whether it is safe to activate the staged key now, and why. What was seen is not what is trusted: a Service Provider
 * that was shown two certificates may have kept the first.
 */
export interface Verdict {
  /** A sign-on that the key signed is known to have been accepted. */
  readonly safe: boolean;
  /** Seen, but not proven: it is safe only if an operator knows who fetched the certificate, and that it was kept. */
  readonly unconfirmed: boolean;
  readonly sentence: string;
}

const MAX_NAMED = 3;

/** @returns who fetched the staged certificate, in words */
export function fetchersInWords({ seen_by }: KeyStatus): string {
  const names = seen_by.map(({ address, client }) => `${address} (${client === '' ? 'no User-Agent' : client})`);
  const distinct = [...new Set(names)];
  const named = distinct.slice(0, MAX_NAMED).join(', ');
  return distinct.length > MAX_NAMED ? `${named} and ${distinct.length - MAX_NAMED} more` : named;
}

const kindOf = ({ key_type }: KeyFacts) => key_type.split('-', 1)[0];

/** A fetch proves that the certificate arrived, not that the Service Provider can verify with it. */
function changeOfKind({ active, staged }: KeyStatus): string {
  if (active === null || staged === null || kindOf(active) === kindOf(staged)) return '';
  return ` The key type changes from ${kindOf(active)} to ${kindOf(staged)}, and many Service Providers verify only RSA: ask the Service Provider first.`;
}

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

/** @param now milliseconds since 1970 @returns why a staged certificate can't be used now; undefined if it can */
export function faultOfDates(
  { not_before, not_after }: Pick<KeyFacts, 'not_before' | 'not_after'>,
  now: number,
): string | undefined {
  if (not_after <= now) return 'The staged certificate has expired. Retire it and stage another.';
  return not_before > now ? `The staged certificate is not valid before ${iso(not_before)}.` : undefined;
}

/** Decides whether it is safe to activate the staged key. @param now milliseconds since 1970 */
export function verdictOf(status: KeyStatus, now: number): Verdict {
  const { staged } = status;
  if (staged === null) return { safe: false, unconfirmed: false, sentence: 'No key is staged.' };
  const fault = faultOfDates(staged, now);
  if (fault !== undefined) return { safe: false, unconfirmed: false, sentence: fault };
  if (staged.trust === 'accepted') {
    const sentence = `Proven: the Service Provider accepted a sign-on with the staged key, as an operator said at ${iso(staged.trust_at ?? now)}.`;
    return { safe: true, unconfirmed: false, sentence };
  }
  if (staged.trust === 'refused') {
    const sentence = `The Service Provider refused a sign-on with the staged key. It keeps only one certificate, or not this one: hand it over instead: set its rotation to switch-on-fetch with \`ic-idp biller update ${status.slug}\`, then \`ic-idp key hand-over ${status.slug}\`.`;
    return { safe: false, unconfirmed: false, sentence };
  }
  const { unconfirmed = false, sentence } = status.rotation === 'overlap' ? onFetches(status) : onHandOver(status);
  return { safe: false, unconfirmed, sentence: sentence + changeOfKind(status) };
}

type Unproven = Partial<Pick<Verdict, 'unconfirmed'>> & Pick<Verdict, 'sentence'>;

function onHandOver({ handed_over_until: until }: KeyStatus): Unproven {
  return until === null
    ? {
        sentence:
          'The Service Provider keeps only one certificate. Make a one-time metadata URL: `ic-idp key hand-over`.',
      }
    : {
        sentence: `Waiting for the fetch of the one-time metadata URL, which activates the key. The URL expires at ${iso(until)}.`,
      };
}

function onFetches(status: KeyStatus): Unproven {
  const { slug, seen, clients_known: known, canary } = status;
  const next =
    canary === null
      ? `A canary proves it: \`ic-idp key canary ${slug}\`.`
      : `A canary is running: sign on as that portal user, then say what Invoice Cloud did with \`ic-idp key canary ${slug}\`.`;
  if (seen === 0) {
    const wait = 'Wait: the Service Provider has not fetched the staged certificate yet.';
    return { sentence: canary === null ? wait : `${wait} ${next}` };
  }
  const fetches = `${seen} ${seen === 1 ? 'fetch' : 'fetches'} by ${fetchersInWords(status)}`;
  const who = known
    ? `Seen, not proven: the Service Provider has fetched the staged certificate (${fetches}).`
    : `Seen, not proven: someone has fetched the staged certificate (${fetches}), and anyone can. Make sure that this is the Service Provider.`;
  return {
    unconfirmed: true,
    sentence: `${who} It is safe only if the Service Provider keeps several certificates. ${next}`,
  };
}
