import { createSandbox } from './app.ts';
import { runProgram } from './http/run-program.ts';
import { readSettings } from './settings.ts';

/** Starts the Invoice Cloud sandbox as a separate program. */
await runProgram(async () => {
  const settings = readSettings(process.env);
  const { publicUrl, idpOrigins, storeFile } = settings;
  const app = await createSandbox({ publicUrl, idpOrigins, ...(storeFile === undefined ? {} : { storeFile }) });
  const greeting = `Invoice Cloud sandbox listening at ${publicUrl}`;
  return { name: 'The sandbox', prefix: 'SANDBOX', app, settings, greeting };
});
