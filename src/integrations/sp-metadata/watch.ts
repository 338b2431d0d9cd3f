import pLimit from 'p-limit';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import { type Difference, stateTag } from '../../core/billers/difference.ts';
import { deliver, LOST_AFTER_MS } from '../../core/expiry/delivery.ts';
import type { MasterKey } from '../../core/secrets/master-key.ts';
import type { Database } from '../../platform/database/database.ts';
import { escapeControls } from '../../platform/errors/escape-controls.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import { FetchError, fetchMetadata } from './fetch-metadata.ts';
import {
  certificateFindings,
  changeFinding,
  changesOf,
  FINDING_KINDS,
  type Finding,
  type FindingKind,
} from './findings.ts';
import {
  claimCheck,
  claimNotice,
  dueBillers,
  dueNotices,
  giveUpLostNotices,
  replaceFindings,
  scheduleCheck,
  settleNotice,
} from './store.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A URL that gives nothing usable is tried again sooner. */
const AFTER_FAILURE_MS = 60 * MINUTE_MS;
/** An instance that has not finished a check after this time has died. */
const CLAIMED_MS = 10 * MINUTE_MS;
const CHECKS_AT_ONCE = 4;
/** Reasons come from outside. */
const MAX_REASON = 500;

/** Something new, reported to the log and the metrics of this instance. */
interface ProviderNotice {
  readonly biller: string;
  readonly kind: FindingKind | 'metadata_taken';
  readonly finding: string;
}

/** The result of one check. */
interface ProviderCheck {
  readonly findings: readonly Finding[];
  /** Those that were not known before. */
  readonly fresh: readonly Finding[];
  /** How the metadata differs from what was registered. */
  readonly differences: readonly Difference[];
  /** Whether the change was taken over. */
  readonly taken: boolean;
}

interface WatchServices {
  readonly database: Database;
  readonly masterKey: MasterKey;
  readonly billers: Billers;
  readonly clock: () => number;
  /**
   * Registers metadata that was verified, with its audit event.
   *
   * @throws InputError if it is not acceptable for this biller
   */
  readonly takeOver: (change: MetadataChange) => Promise<unknown>;
}

/** Input of the operation biller.update. */
interface MetadataChange {
  readonly slug: string;
  readonly spMetadata: string;
  readonly entityId: string;
  readonly metadataUrl: string;
  readonly state: string;
}

/** Watches the Service Providers: the dates of their certificates, and their metadata if it came from a URL. */
export interface ProviderWatch {
  /**
   * Checks every biller whose check is due, once a day, and delivers notices. Every instance may look; each biller is
   * checked by one of them.
   *
   * @returns what is new
   */
  look(): Promise<ProviderNotice[]>;
  /** Checks one biller now. @param isAggregate whether its metadata may describe a whole federation */
  check(biller: Biller, isAggregate: boolean): Promise<ProviderCheck>;
}

/** What was seen at a metadata URL. */
interface Seen {
  readonly findings: readonly Finding[];
  readonly differences: readonly Difference[];
  readonly taken: boolean;
  /** Whether there was a document that could be read. */
  readonly usable: boolean;
}
const NOTHING: Seen = { findings: [], differences: [], taken: false, usable: true };

export function createProviderWatch(services: WatchServices): ProviderWatch {
  const { database, billers, clock, takeOver } = services;
  const { db } = database;
  let looking = false;

  async function seeMetadata(biller: Biller, isAggregate: boolean): Promise<Seen> {
    const { metadataUrl } = biller.serviceProvider;
    if (metadataUrl === undefined) return NOTHING;
    const failed = (kind: FindingKind, reason: string): Seen => {
      const finding = escapeControls(`the Service Provider's metadata at ${metadataUrl} ${reason}`, MAX_REASON);
      return { ...NOTHING, findings: [{ kind, subject: '', finding }], usable: false };
    };
    try {
      const document = await fetchMetadata(metadataUrl, isAggregate);
      const differences = changesOf(biller, await readCurrent(document, biller.serviceProvider.entityId, metadataUrl));
      if (differences.length === 0) return NOTHING;
      const why = await tryToTake(biller, document, metadataUrl);
      if (why === 'taken') return { ...NOTHING, differences, taken: true };
      return { ...NOTHING, findings: [changeFinding(differences, why)], differences };
    } catch (error) {
      if (error instanceof FetchError) return failed('metadata_unreachable', error.message);
      if (error instanceof InputError) return failed('metadata_unusable', `is not usable: ${error.complaint}`);
      throw error;
    }
  }

  /** Reads the registered entity, or the only one: its entity ID may have changed. */
  async function readCurrent(document: string, entityId: string, metadataUrl: string) {
    const { readSpMetadata } = await import('../../protocols/saml/sp-metadata/sp-metadata.ts');
    try {
      return { ...readSpMetadata(document, clock(), { entityId }), metadataUrl };
    } catch (error) {
      // In a group, another entity is another Service Provider.
      if (!(error instanceof InputError) || /<([\w.-]+:)?EntitiesDescriptor[\s>]/.test(document)) throw error;
      return { ...readSpMetadata(document, clock()), metadataUrl };
    }
  }

  /** @returns 'taken', or why not; undefined if nobody asked for that */
  async function tryToTake(biller: Biller, document: string, metadataUrl: string): Promise<string | undefined> {
    const { refreshMetadata, metadataSigningCertificates } = biller.settings;
    if (refreshMetadata !== 'signed') return undefined;
    const { verifySignedMetadata } = await import('../../protocols/saml/sp-metadata/signed-metadata.ts');
    try {
      const spMetadata = verifySignedMetadata(document, metadataSigningCertificates, clock());
      const { slug, serviceProvider } = biller;
      // With the entity ID, so that another one is never taken; with the state, so that no operator's change is undone.
      await takeOver({ slug, spMetadata, entityId: serviceProvider.entityId, metadataUrl, state: stateTag(biller) });
      return 'taken';
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return escapeControls(error.complaint.replace(/\.$/, ''), MAX_REASON);
    }
  }

  async function check(biller: Biller, isAggregate: boolean): Promise<ProviderCheck> {
    const seen = await seeMetadata(biller, isAggregate);
    if (seen.taken) billers.forget(biller.id);
    const { serviceProvider } = seen.taken ? await billers.bySlug(biller.slug) : biller;
    const now = clock();
    const findings = [...certificateFindings(serviceProvider, now), ...seen.findings];
    // While the URL gives nothing, what was found there before still holds.
    const kinds = seen.usable ? FINDING_KINDS : FINDING_KINDS.filter((kind) => kind !== 'metadata_changed');
    const fresh = await database.transaction(async (transaction) => {
      await scheduleCheck(transaction, biller.id, new Date(now + (seen.usable ? DAY_MS : AFTER_FAILURE_MS)));
      return replaceFindings(transaction, biller.id, kinds, findings, new Date(now));
    });
    return { findings, fresh, differences: seen.differences, taken: seen.taken };
  }

  async function checkIfDue(slug: string): Promise<ProviderNotice[]> {
    const biller = await billers.bySlug(slug);
    const now = clock();
    if (!(await claimCheck(db, biller.id, new Date(now), new Date(now + CLAIMED_MS)))) return [];
    const { fresh, differences, taken } = await check(biller, false);
    const notices = fresh.map(({ kind, finding }) => ({ biller: slug, kind, finding }));
    if (!taken) return notices;
    const what = differences.map((difference) => difference.what).join(', ');
    const finding = `signed metadata of the Service Provider was taken over: ${what}`;
    return [{ biller: slug, kind: 'metadata_taken', finding }, ...notices];
  }

  async function deliverNotices(): Promise<void> {
    await giveUpLostNotices(db, new Date(clock() - LOST_AFTER_MS));
    for (const notice of await dueNotices(db, new Date(clock()))) {
      const { billerId, kind, subject, foundAt, finding, slug, name, attempts } = notice;
      await deliver(services, {
        attempts,
        body: {
          id: `${billerId}:${kind}:${subject}:${foundAt.getTime()}`,
          event: `service_provider.${kind}`,
          biller: slug,
          billerName: name,
          finding,
          foundAt: foundAt.toISOString(),
        },
        claim: (now) => claimNotice(db, notice, now),
        settle: (delivery, nextAttempt) => settleNotice(db, notice, delivery, nextAttempt),
      });
    }
  }

  return {
    check,
    async look() {
      // URLs that do not answer take longer than it takes until the next look.
      if (looking) return [];
      looking = true;
      try {
        const limit = pLimit(CHECKS_AT_ONCE);
        const slugs = await dueBillers(db, new Date(clock()));
        const done = await Promise.allSettled(slugs.map((slug) => limit(() => checkIfDue(slug))));
        await deliverNotices();
        // One that failed is due again when its claim has passed. It must not cost the notices of the others.
        const failed = done.find((result) => result.status === 'rejected');
        if (failed !== undefined && done.every(({ status }) => status === 'rejected')) throw failed.reason;
        return done.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
      } finally {
        looking = false;
      }
    },
  };
}
