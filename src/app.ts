import cookie from '@fastify/cookie';
import fastify, { type FastifyInstance, LogController } from 'fastify';
import type { Logger } from 'pino';
import type { Settings } from './config.ts';
import { type AuditWriter, createAuditWriter } from './core/audit/writer.ts';
import { type Billers, createBillers } from './core/billers/billers.ts';
import { createExpiryWatch, type ExpiryWatch } from './core/expiry/watch.ts';
import type { HardwareModule } from './core/keys/hsm/module.ts';
import { createModuleKeys, type ModuleKeys } from './core/keys/hsm/module-keys.ts';
import { createKeys, type Keys } from './core/keys/keys.ts';
import { createMetadataFetches, type MetadataFetches } from './core/keys/publication/metadata-fetches.ts';
import { createHandOver, type HandOver } from './core/keys/publication/one-time-url.ts';
import { createRotation, type Rotation } from './core/keys/rotation.ts';
import type { MasterKey } from './core/secrets/master-key.ts';
import type { MasterKeyFile } from './core/secrets/master-key-source.ts';
import { createSessions, type Sessions } from './core/sessions/sessions.ts';
import { deleteExpiredSessions } from './core/sessions/store.ts';
import { createTraces, type Traces } from './diagnostics/traces/traces.ts';
import { createReadiness, type Readiness } from './endpoints/health/readiness.ts';
import { operationRoutes } from './endpoints/health/routes.ts';
import { launchRoutes } from './endpoints/launch/routes.ts';
import { billerRoutes } from './endpoints/metadata/routes.ts';
import { portalUserRoutes } from './endpoints/sign-in/routes.ts';
import { createSignIn, type SignIn } from './endpoints/sign-in/sign-in.ts';
import { createThrottle } from './endpoints/sign-in/throttle.ts';
import { createFlows, type Flows } from './endpoints/sign-on/flows.ts';
import { createIssue, type Issue } from './endpoints/sign-on/issue.ts';
import { signOnRoutes } from './endpoints/sign-on/routes.ts';
import type { Database } from './platform/database/database.ts';
import { assetRoutes } from './platform/http/asset-routes.ts';
import { drainOnClose } from './platform/http/drain.ts';
import { handleErrors, renderError } from './platform/http/errors.ts';
import { acceptForms } from './platform/http/form.ts';
import { logRequests } from './platform/http/log.ts';
import { createMetrics, type Metrics } from './platform/metrics.ts';
import { newReference } from './platform/util/reference.ts';

/** Everything that the capabilities are made of, built once. */
export interface Services {
  readonly publicUrl: string;
  readonly clock: () => number;
  readonly database: Database;
  readonly masterKey: MasterKey;
  /** Where the master key is kept by this installation itself. */
  readonly masterKeyFile: MasterKeyFile | undefined;
  readonly audit: AuditWriter;
  readonly billers: Billers;
  readonly keys: Keys;
  /** Undefined where none is set up. */
  readonly module: HardwareModule | undefined;
  readonly moduleKeys: ModuleKeys;
  readonly rotation: Rotation;
  readonly handOver: HandOver;
  readonly fetches: MetadataFetches;
  readonly expiry: ExpiryWatch;
  readonly sessions: Sessions;
  readonly flows: Flows;
  readonly signIn: SignIn;
  readonly issue: Issue;
  readonly traces: Traces;
  readonly metrics: Metrics;
  readonly readiness: () => Promise<Readiness>;
  /** Removes what has expired. */
  readonly tidy: () => Promise<void>;
}

interface Foundation {
  readonly publicUrl: string;
  readonly database: Database;
  readonly masterKey: MasterKey;
  readonly masterKeyFile?: MasterKeyFile | undefined;
  readonly module?: HardwareModule | undefined;
  /** Milliseconds since 1970. */
  readonly clock?: () => number;
}

/** Builds the services on a database that is open and a master key that fits it. */
export function createServices(foundation: Foundation): Services {
  const { publicUrl, database, masterKey, masterKeyFile, module, clock = Date.now } = foundation;
  const { db } = database;
  const audit = createAuditWriter({ database, masterKey, clock });
  const billers = createBillers({ db, publicUrl });
  const moduleKeys = createModuleKeys({ db, module, audit, clock });
  const keys = createKeys({ database, masterKey, moduleKeys, clock });
  const rotation = createRotation({ database, keys, audit, clock });
  const fetches = createMetadataFetches({ database, clock });
  const sessions = createSessions({ database, clock });
  const flows = createFlows({ db, clock });
  const traces = createTraces({ db, clock });
  const throttle = createThrottle(database);
  const signIn = createSignIn({ db, masterKey, throttle, audit });
  database.onChange((billerId) => {
    billers.forget(billerId);
    keys.forget(billerId);
  });
  return {
    publicUrl,
    clock,
    database,
    masterKey,
    masterKeyFile,
    audit,
    billers,
    keys,
    module,
    moduleKeys,
    rotation,
    handOver: createHandOver({ database, rotation, audit, clock }),
    fetches,
    expiry: createExpiryWatch({ database, masterKey, billers, rotation, audit, clock }),
    sessions,
    flows,
    signIn,
    issue: createIssue({ keys, audit, clock }),
    traces,
    metrics: createMetrics(),
    readiness: createReadiness({ database, keys, module, clock }),
    tidy: async () => {
      await deleteExpiredSessions(db, new Date(clock()));
      await flows.deleteExpired();
      await throttle.deleteExpired();
      await traces.deleteExpired();
      await fetches.deleteExpired();
      await moduleKeys.destroyScheduled();
    },
  };
}

/** The base64 of the largest message, percent-encoded, with room for RelayState. */
const BODY_LIMIT_BYTES = 2 * 1024 * 1024;
/** A request has this long to arrive whole. Fastify lets it take for ever, and every slow one holds a connection. */
const REQUEST_TIMEOUT_MS = 30_000;

function trustProxy(value: string | undefined) {
  if (value === undefined) return false;
  const hops = Number(value);
  return Number.isInteger(hops) ? (_address: string, hop: number) => hop < hops : value;
}

/** Builds the HTTP server over the services. It does not listen yet. */
export async function createServer(
  services: Services,
  options: { readonly logger: Logger; readonly settings: Pick<Settings, 'TRUST_PROXY'> },
): Promise<FastifyInstance> {
  const server = fastify({
    loggerInstance: options.logger as FastifyInstance['log'],
    // One line a request is written by logRequests.
    logController: new LogController({ disableRequestLogging: true }),
    // Queries are read by readParameters, which is stricter.
    routerOptions: { querystringParser: () => ({}) },
    genReqId: newReference,
    requestIdHeader: false,
    trustProxy: trustProxy(options.settings.TRUST_PROXY),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // A HEAD must never issue an assertion, and no page here is worth one.
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => void renderError(error, request, reply),
  });
  await server.register(cookie);
  acceptForms(server);
  handleErrors(server);
  logRequests(server);
  drainOnClose(server);
  if (services.publicUrl.startsWith('https:')) {
    server.addHook('onSend', async (_request, reply) => {
      reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains');
    });
  }
  assetRoutes(server);
  billerRoutes(server, services);
  portalUserRoutes(server, services);
  signOnRoutes(server, services);
  launchRoutes(server, services);
  operationRoutes(server, services);
  return server;
}
