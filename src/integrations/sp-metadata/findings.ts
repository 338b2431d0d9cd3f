import { hash, X509Certificate } from 'node:crypto';
import type { Biller } from '../../core/billers/biller.ts';
import { type Difference, differencesOf } from '../../core/billers/difference.ts';
import type { ServiceProvider } from '../../protocols/saml/sp-metadata/service-provider.ts';

/** What can be found about a Service Provider: by the dates of its certificates, and by its metadata URL. */
const CERTIFICATE_KINDS = ['certificate_ending', 'certificate_ended'] as const;
export const METADATA_KINDS = ['metadata_changed', 'metadata_unreachable', 'metadata_unusable'] as const;
export const FINDING_KINDS = [...CERTIFICATE_KINDS, ...METADATA_KINDS] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

export interface Finding {
  readonly kind: FindingKind;
  /** Distinguishes findings of a kind: another one is another notice. */
  readonly subject: string;
  /** A clause for operators. */
  readonly finding: string;
}

const DAY_MS = 86_400_000;
/** Time enough to ask for a new certificate, and to register it. */
const ENDING_DAYS = 30;

/**
 * Looks at the dates of the Service Provider's registered certificates.
 *
 * @param now milliseconds since 1970
 */
export function certificateFindings({ signingCertificates, encryptionCertificates }: ServiceProvider, now: number) {
  return [...new Set([...signingCertificates, ...encryptionCertificates])].flatMap((text): Finding[] => {
    const { validToDate, fingerprint256: subject } = new X509Certificate(Buffer.from(text, 'base64'));
    const left = validToDate.getTime() - now;
    if (left > ENDING_DAYS * DAY_MS) return [];
    const uses = [
      signingCertificates.includes(text) && 'signing',
      encryptionCertificates.includes(text) && 'encryption',
    ];
    const use = uses.filter((one) => one !== false).join(' and ');
    const date = validToDate.toISOString().slice(0, 10);
    const which = `the Service Provider's ${use} certificate (SHA-256 ${subject})`;
    return left > 0
      ? [{ kind: 'certificate_ending', subject, finding: `${which} expires on ${date}` }]
      : [{ kind: 'certificate_ended', subject, finding: `${which} expired on ${date}` }];
  });
}

/** Compares what the metadata URL gives now with what is registered. @returns what differs */
export function changesOf(biller: Biller, current: ServiceProvider): Difference[] {
  return differencesOf(biller, { ...biller, serviceProvider: current });
}

/** @param differences at least one @param why the change is not taken over, if it could have been */
export function changeFinding(differences: readonly Difference[], why?: string): Finding {
  const what = differences.map((difference) => difference.what).join(', ');
  return {
    kind: 'metadata_changed',
    subject: hash('sha256', JSON.stringify(differences.map(({ what, after }) => [what, after]))).slice(0, 32),
    finding: `the Service Provider's metadata has changed: ${what}${why === undefined ? '' : `; not taken over: ${why}`}`,
  };
}
