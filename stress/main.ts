import { describeMachine } from '../bench/machine.ts';
import { renderTable } from '../bench/table.ts';
import { HELP, readArguments, UsageError } from './arguments.ts';
import { EXPERIMENTS } from './catalog.ts';
import { writePage } from './document.ts';
import { isBroken, runExperiments, tableOf } from './run.ts';

async function stress(): Promise<void> {
  const { help, seed, write, ...rest } = readArguments(process.argv.slice(2));
  if (help) {
    console.log(HELP);
    return;
  }
  const machine = describeMachine();
  console.log(`${machine}\nSeed ${seed}\n`);
  const results = await runExperiments({ ...rest, seed, progress: (text) => void process.stderr.write(`${text}\n`) });
  console.log(`\n${renderTable(tableOf(results))}`);
  if (write) {
    const date = new Date().toISOString().slice(0, 10);
    writePage(EXPERIMENTS, results, { machine, date, seed, minutes: rest.minutes });
  }
  process.exitCode = isBroken(results) ? 1 : 0;
}

// 'exit' clears the stage away; a signal alone would not call it.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => process.exit(code));
}

stress().catch((error: NodeJS.ErrnoException) => {
  const isUsage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS') === true;
  console.error(isUsage ? error.message : error);
  process.exit(isUsage ? 2 : 1);
});
