import type { Database } from '../../platform/database/database.ts';
import { InputError } from '../../platform/errors/idp-error.ts';
import { newReference } from '../../platform/util/reference.ts';
import type { AuditWriter } from '../audit/writer.ts';
import type { Billers } from '../billers/billers.ts';
import type { Rotation } from '../keys/rotation.ts';
import { activeKeys } from '../keys/store.ts';
import type { MasterKey } from '../secrets/master-key.ts';
import { deliver, LOST_AFTER_MS } from './delivery.ts';
import { claimWarning, type DueWarning, dueWarnings, giveUpLost, insertWarning, settleWarning } from './store.ts';

/** Days before an active certificate expires at which a warning is given, once each. */
const WARNING_DAYS = [60, 30, 7, 1] as const;

const DAY_MS = 86_400_000;

/** What the check found, reported to the log and metrics of this instance. */
interface ExpiryNotice {
  readonly biller: string;
  readonly fingerprint: string;
  readonly days: number;
  readonly expires: Date;
}

interface ExpiryServices {
  readonly database: Database;
  readonly masterKey: MasterKey;
  readonly billers: Billers;
  readonly rotation: Rotation;
  readonly audit: AuditWriter;
  readonly clock: () => number;
}

/**
 * Checks all active certificates: warns before they expire, stages keys where a biller's schedule says so, and delivers
 * warnings.
 */
export interface ExpiryWatch {
  /** @returns the warnings given now. Every instance may check; each warning is given by one of them. */
  look(): Promise<ExpiryNotice[]>;
}

export function createExpiryWatch(services: ExpiryServices): ExpiryWatch {
  const { database, billers, rotation, audit, clock } = services;
  const { db } = database;

  async function warn(key: ActiveKey): Promise<ExpiryNotice | undefined> {
    const left = (key.notAfter.getTime() - clock()) / DAY_MS;
    const reached = WARNING_DAYS.filter((days) => left <= days);
    const tightest = reached.at(-1);
    let notice: ExpiryNotice | undefined;
    for (const days of reached) {
      // A key that was imported with few days left gets one warning, not all those that it missed.
      const delivery = days === tightest ? 'waiting' : 'passed_over';
      const fresh = await database.transaction(async (transaction) => {
        const inserted = await insertWarning(transaction, { keyId: key.keyId, days, at: new Date(clock()), delivery });
        if (inserted && days === tightest) {
          const about = { reference: newReference(), billerId: key.billerId, keyFingerprint: key.fingerprint };
          const details = { days, expires: key.notAfter.toISOString() };
          await audit.appendWithin(transaction, { event: 'key.expiry_warned', ...about, details });
        }
        return inserted;
      });
      if (fresh && days === tightest) {
        notice = { biller: key.slug, fingerprint: key.fingerprint, days, expires: key.notAfter };
      }
    }
    return notice;
  }

  async function stageBySchedule(key: ActiveKey): Promise<void> {
    const { stageDaysBefore } = key.settings;
    if (stageDaysBefore === null || stageDaysBefore === undefined) return;
    if (key.notAfter.getTime() - clock() > stageDaysBefore * DAY_MS) return;
    try {
      const reason = `${stageDaysBefore} days before the active certificate expires`;
      const change = { actor: 'schedule', reason, reference: newReference() };
      await rotation.stage(await billers.bySlug(key.slug), 'RSA-2048', change);
    } catch (error) {
      // One is already staged: by an operator, by an earlier check, or by another instance a moment ago.
      const taken =
        error instanceof InputError || /one_staged_key_per_biller/.test(String((error as Error).cause ?? error));
      if (!taken) throw error;
    }
  }

  async function deliverWarning(warning: DueWarning): Promise<void> {
    const { biller, billerName, fingerprint, notAfter, days, keyId, attempts } = warning;
    await deliver(services, {
      attempts,
      body: {
        id: `${keyId}:${days}`,
        event: 'key.expiry_warned',
        biller,
        billerName,
        fingerprint,
        days,
        expires: notAfter.toISOString(),
      },
      claim: (now) => claimWarning(db, warning, now),
      settle: (delivery, nextAttempt) => settleWarning(db, warning, delivery, nextAttempt),
    });
  }

  return {
    async look() {
      const notices: ExpiryNotice[] = [];
      for (const key of await activeKeys(db)) {
        await stageBySchedule(key);
        const notice = await warn(key);
        if (notice !== undefined) notices.push(notice);
      }
      await giveUpLost(db, new Date(clock() - LOST_AFTER_MS));
      for (const warning of await dueWarnings(db, new Date(clock()))) await deliverWarning(warning);
      return notices;
    },
  };
}

type ActiveKey = Awaited<ReturnType<typeof activeKeys>>[number];
