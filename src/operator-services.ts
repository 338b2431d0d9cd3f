import type { OperatorServices, ServiceName } from './admin/operations/services.ts';
import type { AuditWriter } from './core/audit/writer.ts';
import type { Foundation } from './foundation.ts';

/** Services for one command: each is loaded and built when an operation first asks for it. */
export interface OperatorServiceSource {
  /** @returns the services of these names */
  get<Name extends ServiceName>(names: readonly Name[]): Promise<Pick<OperatorServices, Name>>;
  /** Resolves when everything that they have begun to write is written. */
  drained(): Promise<void>;
}

type Factories = { readonly [Name in ServiceName]: () => Promise<OperatorServices[Name]> };

export function createOperatorServices(foundation: Foundation): OperatorServiceSource {
  const { publicUrl, database, masterKey, keyedHash, masterKeyFile, hsm, fileProblems, tooMuchTrust } = foundation;
  const { db } = database;
  const clock = Date.now;
  const built = new Map<ServiceName, Promise<unknown>>();

  function one<Name extends ServiceName>(name: Name): Promise<OperatorServices[Name]> {
    const known = built.get(name) ?? factories[name]();
    built.set(name, known);
    return known as Promise<OperatorServices[Name]>;
  }

  const factories: Factories = {
    publicUrl: async () => publicUrl,
    clock: async () => clock,
    database: async () => database,
    masterKey: async () => masterKey,
    keyedHash: async () => keyedHash,
    masterKeyFile: async () => masterKeyFile,
    hsm: async () => hsm,
    fileProblems: async () => fileProblems,
    tooMuchTrust: async () => tooMuchTrust,
    audit: async () => {
      const { createAuditWriter } = await import('./core/audit/writer.ts');
      return createAuditWriter({ database, keyedHash, clock });
    },
    billers: async () => {
      const { createBillers } = await import('./core/billers/billers.ts');
      const billers = createBillers({ database, publicUrl });
      database.onChange((billerId) => billers.forget(billerId));
      return billers;
    },
    hsmKeys: async () => {
      const { createHsmKeys } = await import('./core/keys/hsm/hsm-keys.ts');
      return createHsmKeys({ database, hsm, audit: await one('audit'), clock });
    },
    keys: async () => {
      const { createKeys } = await import('./core/keys/keys.ts');
      const keys = createKeys({ database, masterKey, hsmKeys: await one('hsmKeys'), clock });
      database.onChange((billerId) => keys.forget(billerId));
      return keys;
    },
    rotation: async () => {
      const { createRotation } = await import('./core/keys/rotation.ts');
      return createRotation({ database, keys: await one('keys'), audit: await one('audit'), clock });
    },
    canary: async () => {
      const { createCanary } = await import('./core/keys/trust/canary.ts');
      return createCanary({ database, keys: await one('keys'), audit: await one('audit'), clock });
    },
    oneTimeUrls: async () => {
      const { createOneTimeUrls } = await import('./core/keys/publication/one-time-url.ts');
      const { createSwitchOnFetch } = await import('./core/keys/switch-on-fetch.ts');
      const audit = await one('audit');
      const switchOnFetch = createSwitchOnFetch({ database, keys: await one('keys'), audit, clock });
      return createOneTimeUrls({ database, switchOnFetch, audit, clock });
    },
    portalUsers: async () => {
      const { createPortalUsers } = await import('./core/portal-users/portal-users.ts');
      return createPortalUsers({ database, audit: await one('audit') });
    },
    launches: async () => {
      const { createLaunches } = await import('./core/launches/launches.ts');
      const { createSessions } = await import('./core/sessions/sessions.ts');
      const [portalUsers, audit] = [await one('portalUsers'), await one('audit')];
      return createLaunches({
        database,
        portalUsers,
        sessions: createSessions({ database, clock }),
        audit,
        publicUrl,
        clock,
      });
    },
    traces: async () => {
      const { createTraces } = await import('./diagnostics/traces/traces.ts');
      return createTraces({ db, clock });
    },
    providers: async () => {
      const { createProviderWatch } = await import('./integrations/sp-metadata/watch.ts');
      const { perform } = await import('./admin/operations/run.ts');
      const { actorWithEveryRole } = await import('./admin/operations/operation.ts');
      return createProviderWatch({
        database,
        masterKey,
        billers: await one('billers'),
        clock,
        takeOver: (change) => perform('biller.update', get, change, actorWithEveryRole('signed metadata')),
      });
    },
    examineProvider: async () => {
      const { createProviders } = await import('./integrations/openid/provider.ts');
      const { examineProvider } = await import('./integrations/openid/examine.ts');
      const all = createProviders({ database, masterKey, clock });
      return (biller) => examineProvider(all, biller, publicUrl);
    },
    readiness: async () => {
      const { createReadiness } = await import('./endpoints/health/readiness.ts');
      return createReadiness({ database, keys: await one('keys'), masterKey, hsm, clock });
    },
  };

  async function get<Name extends ServiceName>(names: readonly Name[]) {
    const entries = await Promise.all(names.map(async (name) => [name, await one(name)] as const));
    return Object.fromEntries(entries) as Pick<OperatorServices, Name>;
  }

  return {
    get,
    async drained() {
      const audit = (await built.get('audit')) as AuditWriter | undefined;
      await audit?.drained();
    },
  };
}
