import { parseArgs } from 'node:util';
import { http } from './http/part.ts';
import { launch } from './launch/part.ts';
import { describeMachine, machine } from './machine.ts';
import { type BenchOptions, type Part, progress } from './part.ts';
import { rotation } from './rotation/part.ts';
import { scale } from './scale/part.ts';
import { signing } from './signing/part.ts';
import { startup } from './startup/part.ts';
import { renderTable, type Table } from './table.ts';

const PARTS: readonly Part[] = [signing, http, launch, startup, rotation, scale];

const HELP = `Measures this project against its peers and against the bare cryptography, as ratios within one run.

  npm run bench                    ${PARTS.filter(({ quick }) => quick)
    .map(({ name }) => name)
    .join(', ')}
  npm run bench -- <part>...       the parts that are named

${PARTS.map(({ name, purpose }) => `  ${name.padEnd(10)} ${purpose}`).join('\n')}

  --json         one JSON object on standard output
  --profile      http, launch: also where the CPU of the service goes
  --write-docs   scale: writes docs/scale.md
  --shrink <n>   scale: sizes divided by n, and one short round of each, to try it out
`;

/** A mistake on the command line. */
class UsageError extends Error {}

function readArguments(): { parts: readonly Part[]; json: boolean; help: boolean; options: BenchOptions } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      'write-docs': { type: 'boolean', default: false },
      shrink: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  const shrink = Number(values.shrink);
  if (!Number.isInteger(shrink) || shrink < 1) {
    throw new UsageError(`--shrink must be a whole number of at least 1; it is "${values.shrink}".`);
  }
  const parts = positionals.map((name) => {
    const part = PARTS.find((known) => known.name === name);
    if (part !== undefined) return part;
    throw new UsageError(`There is no part "${name}". The parts are ${PARTS.map((known) => known.name).join(', ')}.`);
  });
  return {
    parts: parts.length > 0 ? parts : PARTS.filter(({ quick }) => quick),
    json: values.json,
    help: values.help,
    options: { writeDocs: values['write-docs'], profile: values.profile, shrink },
  };
}

async function bench(): Promise<void> {
  const { parts, json, help, options } = readArguments();
  if (help) {
    console.log(HELP);
    return;
  }
  if (!json) console.log(`${describeMachine()}\n`);
  const results: Record<string, Record<string, Table['rows']>> = {};
  for (const part of parts) {
    progress(`\n${part.name}: ${part.purpose}`);
    const tables = await part.run(options);
    results[part.name] = Object.fromEntries(tables.map(({ key, rows }) => [key, rows]));
    if (!json) console.log(`${tables.map(renderTable).join('\n\n')}\n`);
  }
  if (json) console.log(JSON.stringify({ machine: machine(), parts: results }));
}

bench().catch((error: NodeJS.ErrnoException) => {
  const isUsage = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS') === true;
  console.error(isUsage ? error.message : error);
  process.exit(isUsage ? 2 : 1);
});
