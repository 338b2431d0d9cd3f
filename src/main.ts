import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Services } from './app.ts';
import { readSettings, type Settings } from './config.ts';
import { ANNOUNCE_EVERY_MS, createPresence } from './core/installation/instances.ts';
import { noteVersion, programVersion } from './core/installation/version.ts';
import { createServer } from './endpoints/server.ts';
import { openInstallation } from './installation.ts';
import { InputError } from './platform/errors/idp-error.ts';
import { createLogger } from './platform/http/log.ts';
import { standardOutput } from './platform/http/log-output.ts';
import { asTyped } from './platform/util/as-typed.ts';

/** Tells the others that this instance runs, and which master keys it has. Returns how to stop. */
async function announce(services: Services, logger: Logger): Promise<() => Promise<void>> {
  const { database, masterKey, clock } = services;
  const presence = createPresence({ db: database.db, masterKey, version: programVersion, clock });
  await presence.announce();
  const announcing = setInterval(() => {
    presence.announce().catch((error: unknown) => logger.warn({ err: error }, 'this instance could not be announced'));
  }, ANNOUNCE_EVERY_MS);
  return async () => {
    clearInterval(announcing);
    // It is forgotten after a minute in any case.
    await presence.leave().catch(() => undefined);
  };
}

const TIDY_EVERY_MS = 5 * 60_000;
/** After the signal to stop, sign-ons in flight have this long to finish. */
const STOP_WITHIN_MS = 10_000;
/** How long the log may take at the end. */
const LAST_LINES_MS = 1_000;

/** Warns of certificates that expire soon: in the log and the metrics here, and through the webhook. */
async function lookAtCertificates({ expiry, metrics }: Services, logger: Logger): Promise<void> {
  for (const { biller, fingerprint, days, expires } of await expiry.look()) {
    metrics.expiryWarning(days);
    const left = days === 1 ? '1 day' : `${days} days`;
    logger.warn(
      { biller, fingerprint, days, expires },
      `the active certificate of ${biller} expires in ${left} or less`,
    );
  }
}

/** Warns of Service Providers that have changed, or soon will: in the log and the metrics here, and through the webhook. */
async function lookAtProviders({ providers, metrics }: Services, logger: Logger): Promise<void> {
  for (const { biller, kind, finding } of await providers.look()) {
    metrics.providerFinding(kind);
    logger.warn({ biller, finding: kind }, `${biller}: ${finding}`);
  }
}

/** @throws InputError if the address can't be used */
async function listen(services: Services, logger: Logger, settings: Settings): Promise<FastifyInstance> {
  const server = await createServer(services, { logger, settings });
  try {
    await server.listen({ port: settings.PORT, host: settings.HOST });
    return server;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? 'the port is in use' : (error as Error).message;
    throw new InputError(`Can't listen on ${settings.HOST}:${settings.PORT} (HOST, PORT): ${reason}.`);
  }
}

async function start(): Promise<void> {
  const settings = readSettings(process.env);
  const output = standardOutput();
  const logger = createLogger(settings.LOG_LEVEL, output);
  // Nothing here waits for standard error either, which a supervisor may not read.
  process.stderr.on('error', () => undefined);
  const installation = await openInstallation(settings, (error) =>
    logger.error({ err: error }, 'the embedded database was lost and does not start; the start is tried again'),
  );
  const { services } = installation;
  services.metrics.countLostLines(() => output.lost);
  const server = await listen(services, logger, settings).catch(async (error: unknown) => {
    // The last user stops the embedded database, which would keep running otherwise.
    await installation.close();
    throw error;
  });
  const tidy = () => {
    services.tidy().catch((error: unknown) => logger.warn({ err: error }, 'expired rows could not be deleted'));
    lookAtCertificates(services, logger).catch((error: unknown) =>
      logger.warn({ err: error }, 'the expiry dates of certificates could not be checked'),
    );
    lookAtProviders(services, logger).catch((error: unknown) =>
      logger.warn({ err: error }, 'the Service Providers could not be checked'),
    );
  };
  const before = await noteVersion(services.database.db);
  if (before !== undefined) logger.info({ from: before, to: programVersion }, 'upgraded');
  const leave = await announce(services, logger);
  tidy();
  const tidying = setInterval(tidy, TIDY_EVERY_MS);

  // A second signal is ignored: Ctrl-C under npm reaches this process twice, from the terminal and from npm.
  let stopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping after the sign-ons in flight');
    clearInterval(tidying);
    setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
    await Promise.all([server.close(), leave()]);
    await installation.close();
    await output.flush(LAST_LINES_MS);
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (services.tooMuchTrust !== undefined) logger.warn(`${services.tooMuchTrust}; list the proxies' own addresses`);
  const { publicUrl, database } = services;
  logger.info({ version: programVersion, publicUrl, database: database.kind }, 'ready');
}

start().catch((error: unknown) => {
  if (error instanceof InputError) console.error(asTyped(error.message, process.env.IC_IDP_COMMAND, './ic-idp'));
  else console.error(error);
  process.exit(error instanceof InputError ? 2 : 1);
});
