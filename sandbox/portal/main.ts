import { SettingError } from '../settings.ts';
import { createPortal } from './app.ts';
import { readPortalSettings } from './settings.ts';
import { readUsers } from './users.ts';

/** Starts the portal kit as a separate program. */
async function main(): Promise<void> {
  const settings = readPortalSettings(process.env);
  const app = await createPortal({ ...settings, users: readUsers(settings.usersFile) });
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
      `The portal can't listen on ${settings.host}:${settings.port} (PORTAL_HOST, PORTAL_PORT): ${reason}.`,
    );
  }
  console.log(`Portal listening at ${settings.publicUrl}`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof SettingError ? 2 : 1;
}
