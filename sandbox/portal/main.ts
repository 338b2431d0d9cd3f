import { runProgram } from '../http/run-program.ts';
import { createPortal } from './app.ts';
import { readPortalSettings } from './settings.ts';
import { readUsers } from './users.ts';

/** Starts the portal kit as a separate program. */
await runProgram(async () => {
  const settings = readPortalSettings(process.env);
  const app = await createPortal({ ...settings, users: readUsers(settings.usersFile) });
  const greeting = `Portal listening at ${settings.publicUrl}`;
  return { name: 'The portal', prefix: 'PORTAL', app, settings, greeting };
});
