import { createServer } from './app.ts';
import { readSettings } from './config.ts';
import { InputError } from './errors/idp-error.ts';
import { openInstallation } from './installation.ts';
import { createControlServer } from './operators/control-server.ts';
import { createLogger } from './web/log.ts';

const TIDY_EVERY_MS = 5 * 60_000;
/** Sign-ons in flight have this long to finish when the service is told to stop. */
const STOP_WITHIN_MS = 10_000;

async function start(): Promise<void> {
  const settings = readSettings(process.env);
  const logger = createLogger(settings.LOG_LEVEL);
  const installation = await openInstallation(settings);
  if (installation === undefined) {
    throw new InputError(
      `Another service already uses the embedded database in ${settings.DATA_DIR} (DATA_DIR). Stop it, choose another DATA_DIR, or use PostgreSQL (DATABASE_URL) to run several.`,
    );
  }
  const { services, controlSocket } = installation;
  const server = await createServer(services, { logger, settings });
  const control = createControlServer(services);
  controlSocket?.attach(control);
  try {
    await server.listen({ port: settings.PORT, host: settings.HOST });
  } catch (error) {
    await installation.close();
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? 'the port is taken' : (error as Error).message;
    throw new InputError(`Can't listen on ${settings.HOST}:${settings.PORT} (HOST, PORT): ${reason}.`);
  }
  const tidying = setInterval(() => {
    services.tidy().catch((error: unknown) => logger.warn({ err: error }, 'expired sessions could not be removed'));
  }, TIDY_EVERY_MS);

  let stopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping; sign-ons in flight are finished first');
    clearInterval(tidying);
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    await server.close();
    control.closeAllConnections();
    await installation.close();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  logger.info({ publicUrl: settings.PUBLIC_URL, database: services.database.kind }, 'ready');
}

start().catch((error: unknown) => {
  if (error instanceof InputError) console.error(error.message);
  else console.error(error);
  process.exit(error instanceof InputError ? 2 : 1);
});
