import { createSandbox } from './app.ts';
import { readSettings, SettingError } from './settings.ts';

/** Starts the Invoice Cloud sandbox as a separate program. */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const app = await createSandbox({
    publicUrl: settings.publicUrl,
    idpOrigins: settings.idpOrigins,
    ...(settings.storeFile === undefined ? {} : { storeFile: settings.storeFile }),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Only once: a second signal kills the process immediately.
    process.once(signal, () => void app.close());
  }
  try {
    await app.listen({ port: settings.port, host: settings.host });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EADDRINUSE' ? 'the port is in use' : message;
    throw new Error(
      `The sandbox can't listen on ${settings.host}:${settings.port} (SANDBOX_HOST, SANDBOX_PORT): ${reason}.`,
    );
  }
  console.log(`Invoice Cloud sandbox listening at ${settings.publicUrl}`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof SettingError ? 2 : 1;
}
