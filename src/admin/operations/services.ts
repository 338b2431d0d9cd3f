import type { AuditWriter } from '../../core/audit/writer.ts';
import type { Billers } from '../../core/billers/billers.ts';
import type { Hsm } from '../../core/keys/hsm/hsm.ts';
import type { HsmKeys } from '../../core/keys/hsm/hsm-keys.ts';
import type { Keys } from '../../core/keys/keys.ts';
import type { OneTimeUrls } from '../../core/keys/publication/one-time-url.ts';
import type { Rotation } from '../../core/keys/rotation.ts';
import type { MasterKey } from '../../core/secrets/master-key.ts';
import type { MasterKeyFile } from '../../core/secrets/master-key-source.ts';
import type { Traces } from '../../diagnostics/traces/traces.ts';
import type { Database } from '../../platform/database/database.ts';

/** What the readiness of the service is made of; see the health endpoint. */
interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly {
    readonly name: 'database' | 'keys' | 'module';
    readonly ok: boolean;
    readonly problems: readonly string[];
  }[];
}

/** Every service that some operation uses. An operation names the ones that it uses, and gets no others. */
export interface OperatorServices {
  readonly publicUrl: string;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  readonly database: Database;
  readonly masterKey: MasterKey;
  /** Undefined if the master key is a setting. */
  readonly masterKeyFile: MasterKeyFile | undefined;
  readonly audit: AuditWriter;
  readonly billers: Billers;
  readonly keys: Keys;
  /** Undefined if none is set up. */
  readonly hsm: Hsm | undefined;
  readonly hsmKeys: HsmKeys;
  readonly rotation: Rotation;
  readonly oneTimeUrls: OneTimeUrls;
  readonly traces: Traces;
  readonly readiness: () => Promise<Readiness>;
}

export type ServiceName = keyof OperatorServices;

/** Some of the services, by their names. */
export type Uses<Name extends ServiceName> = Pick<OperatorServices, Name>;
