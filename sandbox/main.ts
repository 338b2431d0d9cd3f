import { createSandbox } from './app.ts';
import { readSettings, SettingError } from './settings.ts';

/** Starts the stand-in Invoice Cloud as a program of its own. */
async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const app = await createSandbox({
    publicUrl: settings.publicUrl,
    ...(settings.storeFile === undefined ? {} : { storeFile: settings.storeFile }),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Once: a second signal ends the process the hard way.
    process.once(signal, () => void app.close());
  }
  await app.listen({ port: settings.port, host: settings.host });
  console.log(`stand-in Invoice Cloud listens at ${settings.publicUrl}`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof SettingError ? 2 : 1;
}
