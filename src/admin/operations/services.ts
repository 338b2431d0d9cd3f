import type { KeyedHash } from '../../core/audit/keyed-hash.ts';
import type { AuditWriter } from '../../core/audit/writer.ts';
import type { Biller } from '../../core/billers/biller.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { Hsm } from '../../core/keys/hsm/hsm.ts';
import type { HsmKeys } from '../../core/keys/hsm/hsm-keys.ts';
import type { Keys } from '../../core/keys/keys.ts';
import type { OneTimeUrls } from '../../core/keys/publication/one-time-url.ts';
import type { Rotation } from '../../core/keys/rotation.ts';
import type { Canary } from '../../core/keys/trust/canary.ts';
import type { Launches } from '../../core/launches/launches.ts';
import type { PortalUsers } from '../../core/portal-users/portal-users.ts';
import type { MasterKey } from '../../core/secrets/master-key.ts';
import type { MasterKeyFile } from '../../core/secrets/master-key-source.ts';
import type { Traces } from '../../diagnostics/traces/traces.ts';
import type { ProviderProblem } from '../../integrations/openid/examine.ts';
import type { ProviderWatch } from '../../integrations/sp-metadata/watch.ts';
import type { Database } from '../../platform/database/database.ts';

/** The parts of the service's readiness; see the health endpoint. */
interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly {
    readonly name: 'database' | 'audit' | 'keys' | 'module';
    readonly ok: boolean;
    readonly problems: readonly { readonly sentence: string; readonly remedy?: string; readonly blocking: boolean }[];
  }[];
}

/** Every service that an operation may use. An operation names the ones that it uses and gets no others. */
export interface OperatorServices {
  readonly publicUrl: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly database: Database;
  readonly masterKey: MasterKey;
  readonly keyedHash: KeyedHash;
  /** Undefined if the master key is a setting. */
  readonly masterKeyFile: MasterKeyFile | undefined;
  readonly audit: AuditWriter;
  readonly billers: Billers;
  readonly keys: Keys;
  /** Undefined if none is set up. */
  readonly hsm: Hsm | undefined;
  /** What is wrong with the modes and owners of the files on this machine. */
  readonly fileProblems: () => readonly {
    readonly subject: string;
    readonly finding: string;
    readonly remedy: string;
    readonly serious: boolean;
  }[];
  readonly hsmKeys: HsmKeys;
  /** What is wrong with TRUST_PROXY, if it trusts too much. */
  readonly tooMuchTrust: string | undefined;
  readonly rotation: Rotation;
  readonly canary: Canary;
  readonly oneTimeUrls: OneTimeUrls;
  readonly portalUsers: PortalUsers;
  readonly launches: Launches;
  readonly traces: Traces;
  readonly providers: ProviderWatch;
  /** Looks at the OpenID Connect provider of a biller. */
  readonly examineProvider: (biller: Biller) => Promise<ProviderProblem[]>;
  readonly readiness: () => Promise<Readiness>;
}

export type ServiceName = keyof OperatorServices;

/** A subset of the services, by name. */
export type Uses<Name extends ServiceName> = Pick<OperatorServices, Name>;
