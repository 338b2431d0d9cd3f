import type { Actor } from './admin/operations/operation.ts';
import type { OperationName } from './admin/operations/registry.ts';
import { perform } from './admin/operations/run.ts';
import type { Services } from './app.ts';
import type { Settings } from './config.ts';
import { openFoundation } from './foundation.ts';
import { refuseOpenFiles } from './local-files.ts';
import { createOperatorServices } from './operator-services.ts';
import type { Report } from './platform/database/open.ts';

/** The services over the installation's own database and master key. */
export interface Installation {
  readonly services: Services;
  close(): Promise<void>;
}

/**
 * Opens the installation that the settings describe, with every service.
 *
 * @param report is called while an embedded database that was lost can't be started again
 * @throws InputError if a part can't be opened, or others may have changed a file that it trusts
 */
export async function openInstallation(settings: Settings, report?: Report): Promise<Installation> {
  refuseOpenFiles(settings);
  const foundation = await openFoundation(settings, { opener: 'service', create: true, report });
  try {
    // Loaded here: commands need no HTTP server.
    const { createServices } = await import('./app.ts');
    const services = createServices(foundation);
    return {
      services,
      async close() {
        await services.strangersAudit.flush();
        await services.audit.drained();
        await services.fetches.drained();
        await foundation.close();
      },
    };
  } catch (error) {
    await foundation.close();
    throw error;
  }
}

/** An installation that is open for operators' commands. */
export interface OperatorInstallation {
  /** @returns the operation's result as JSON carries it @throws InputError if the input is not accepted */
  perform(name: OperationName, input: unknown, actor: Actor): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * Opens the installation for commands: only what an operation uses is loaded and built.
 *
 * @param create whether an installation is made where there is none
 * @throws InputError if a part cannot be opened, or there is no installation
 */
export async function openForOperations(settings: Settings, create: boolean): Promise<OperatorInstallation> {
  const foundation = await openFoundation(settings, { opener: 'command', create });
  try {
    const services = createOperatorServices(foundation);
    return {
      perform: (name, input, actor) => perform(name, services.get, input, actor),
      async close() {
        await services.drained();
        await foundation.close();
      },
    };
  } catch (error) {
    await foundation.close();
    throw error;
  }
}
