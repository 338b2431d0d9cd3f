import { actorWithEveryRole } from './admin/operations/operation.ts';
import { runOperation } from './admin/operations/run.ts';
import type { OperatorServices } from './admin/operations/services.ts';
import { type ApiKeys, createApiKeys } from './core/api-keys/api-keys.ts';
import type { KeyedHash } from './core/audit/keyed-hash.ts';
import { createStrangersAudit, type StrangersAudit } from './core/audit/strangers.ts';
import { createAuditWriter } from './core/audit/writer.ts';
import { createBillers } from './core/billers/billers.ts';
import { createExpiryWatch, type ExpiryWatch } from './core/expiry/watch.ts';
import { programVersion } from './core/installation/version.ts';
import type { Hsm } from './core/keys/hsm/hsm.ts';
import { createHsmKeys } from './core/keys/hsm/hsm-keys.ts';
import { createKeys } from './core/keys/keys.ts';
import { createMetadataFetches, type MetadataFetches } from './core/keys/publication/metadata-fetches.ts';
import { createOneTimeUrls } from './core/keys/publication/one-time-url.ts';
import { createRotation } from './core/keys/rotation.ts';
import { createSwitchOnFetch } from './core/keys/switch-on-fetch.ts';
import { createCanary } from './core/keys/trust/canary.ts';
import { createLaunches } from './core/launches/launches.ts';
import { deleteLeftImports } from './core/portal-users/import/imports.ts';
import { createKnownBrowsers, deleteExpiredBrowsers } from './core/portal-users/known-browsers.ts';
import { deleteExpiredPasswordLinks } from './core/portal-users/password-links.ts';
import { createPortalUsers } from './core/portal-users/portal-users.ts';
import type { MasterKey } from './core/secrets/master-key.ts';
import type { MasterKeyFile } from './core/secrets/master-key-source.ts';
import { createSessions, type Sessions } from './core/sessions/sessions.ts';
import { deleteExpiredSessions } from './core/sessions/store.ts';
import { createTraces } from './diagnostics/traces/traces.ts';
import { createIdempotency, type Idempotency } from './endpoints/api/idempotency.ts';
import { createReadiness, type Readiness } from './endpoints/health/readiness.ts';
import { type BeginAtProvider, createBeginAtProvider } from './endpoints/sign-in/openid/begin.ts';
import { createSignInByProvider, type SignInByProvider } from './endpoints/sign-in/openid/sign-in.ts';
import { createSetPassword, type SetPassword } from './endpoints/sign-in/set-password.ts';
import { createSignIn, type SignIn } from './endpoints/sign-in/sign-in.ts';
import { createThrottle } from './endpoints/sign-in/throttle.ts';
import { type Answers, createAnswers } from './endpoints/sign-on/flows/answers.ts';
import { createFlows, type Flows } from './endpoints/sign-on/flows/flows.ts';
import { createIssue, type Issue } from './endpoints/sign-on/issue.ts';
import { examineProvider } from './integrations/openid/examine.ts';
import { createOpenid, type Openid } from './integrations/openid/openid.ts';
import { createProviders } from './integrations/openid/provider.ts';
import { createProviderWatch } from './integrations/sp-metadata/watch.ts';
import type { Database } from './platform/database/database.ts';
import { createMetrics, type Metrics } from './platform/metrics.ts';

/** Every service, built once: those that operators' commands use, and those of the endpoints. */
export interface Services extends OperatorServices {
  readonly fetches: MetadataFetches;
  readonly expiry: ExpiryWatch;
  readonly sessions: Sessions;
  readonly apiKeys: ApiKeys;
  readonly idempotency: Idempotency;
  readonly flows: Flows;
  readonly answers: Answers;
  readonly signIn: SignIn;
  readonly openid: Openid;
  readonly beginAtProvider: BeginAtProvider;
  readonly signInByProvider: SignInByProvider;
  readonly setPassword: SetPassword;
  readonly issue: Issue;
  readonly strangersAudit: StrangersAudit;
  readonly metrics: Metrics;
  readonly readiness: () => Promise<Readiness>;
  /** Deletes everything that has expired. */
  readonly tidy: () => Promise<void>;
}

interface Foundation {
  readonly publicUrl: string;
  readonly database: Database;
  readonly masterKey: MasterKey;
  readonly keyedHash: KeyedHash;
  readonly masterKeyFile?: MasterKeyFile | undefined;
  readonly hsm?: Hsm | undefined;
  readonly fileProblems?: OperatorServices['fileProblems'];
  readonly tooMuchTrust?: string | undefined;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}

/** Builds the services on an open database and its master key. */
export function createServices(foundation: Foundation): Services {
  const { publicUrl, database, masterKey, keyedHash, masterKeyFile, hsm, clock = Date.now } = foundation;
  const { fileProblems = () => [], tooMuchTrust } = foundation;
  const { db } = database;
  const audit = createAuditWriter({ database, keyedHash, clock });
  const billers = createBillers({ database, publicUrl });
  const hsmKeys = createHsmKeys({ database, hsm, audit, clock });
  const keys = createKeys({ database, masterKey, hsmKeys, clock });
  const rotation = createRotation({ database, keys, audit, clock });
  const switchOnFetch = createSwitchOnFetch({ database, keys, audit, clock });
  const fetches = createMetadataFetches({ database, clock });
  const sessions = createSessions({ database, clock });
  const portalUsers = createPortalUsers({ database, audit });
  const launches = createLaunches({ database, portalUsers, sessions, audit, publicUrl, clock });
  const idempotency = createIdempotency({ database, clock });
  const flows = createFlows({ db, clock });
  const answers = createAnswers({ db, clock });
  const traces = createTraces({ db, clock });
  const knownBrowsers = createKnownBrowsers({ database, clock });
  const throttle = createThrottle(database);
  const strangersAudit = createStrangersAudit({ audit, clock });
  const signIn = createSignIn({ database, keyedHash, sessions, knownBrowsers, throttle, audit, strangersAudit });
  const openidProviders = createProviders({ database, masterKey, clock });
  const openid = createOpenid({ providers: openidProviders });
  database.onChange((billerId) => {
    billers.forget(billerId);
    keys.forget(billerId);
  });
  const services: Services = {
    publicUrl,
    clock,
    database,
    masterKey,
    keyedHash,
    masterKeyFile,
    audit,
    billers,
    keys,
    hsm,
    fileProblems,
    hsmKeys,
    tooMuchTrust,
    rotation,
    canary: createCanary({ database, keys, audit, clock }),
    oneTimeUrls: createOneTimeUrls({ database, switchOnFetch, audit, clock }),
    fetches,
    providers: createProviderWatch({
      database,
      masterKey,
      billers,
      clock,
      takeOver: (change) => runOperation(services, 'biller.update', change, actorWithEveryRole('signed metadata')),
    }),
    expiry: createExpiryWatch({ database, masterKey, billers, rotation, audit, clock }),
    sessions,
    apiKeys: createApiKeys({ database, clock }),
    portalUsers,
    launches,
    idempotency,
    flows,
    answers,
    signIn,
    openid,
    examineProvider: (biller) => examineProvider(openidProviders, biller, publicUrl),
    beginAtProvider: createBeginAtProvider({ openid, flows, masterKey, publicUrl, clock }),
    signInByProvider: createSignInByProvider({ database, portalUsers, sessions, audit }),
    setPassword: createSetPassword({ database, knownBrowsers, audit, clock }),
    issue: createIssue({ keys, audit, clock }),
    traces,
    strangersAudit,
    metrics: createMetrics(programVersion),
    readiness: createReadiness({ database, keys, masterKey, hsm, clock }),
    tidy: async () => {
      const failures: unknown[] = [];
      // One after the other, to leave the connections to sign-ons. What can't be deleted now does not keep the rest.
      for (const work of [
        strangersAudit.flush,
        () => deleteExpiredSessions(db, new Date(clock())),
        () => deleteExpiredBrowsers(db, new Date(clock())),
        () => deleteExpiredPasswordLinks(db, new Date(clock())),
        () => deleteLeftImports(db, new Date(clock())),
        flows.deleteExpired,
        launches.deleteExpired,
        idempotency.deleteExpired,
        throttle.deleteExpired,
        traces.deleteExpired,
        fetches.deleteExpired,
        hsmKeys.destroyScheduled,
      ]) {
        await work().catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw failures[0];
    },
  };
  return services;
}
