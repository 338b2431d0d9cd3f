import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { addBiller, prepareInstallation, withServices } from '../installation.ts';
import { median } from '../rounds.ts';
import type { Row, Table } from '../table.ts';

const COMMAND = fileURLToPath(new URL('../../ic-idp', import.meta.url));
/** Each command is repeated this many times; the median counts. */
const RUNS = 9;
const COMMANDS = [['--help'], ['biller', 'list']] as const;
/** Milliseconds. */
const GOALS: Readonly<Record<string, number>> = { '--help': 150, 'biller list': 350 };

const execute = promisify(execFile);

/** Runs a command from start to end. @returns milliseconds */
async function timeOf(args: readonly string[], options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<number> {
  const began = performance.now();
  await execute(COMMAND, [...args], options);
  return performance.now() - began;
}

/** Measures commands on PostgreSQL, without npx. @param postgresUrl a server to make a database on */
export async function commandTable(postgresUrl: string): Promise<Table> {
  const installation = await prepareInstallation(postgresUrl);
  try {
    await withServices(installation, (services) => addBiller(services, 'riverton', 'assertion'));
    const options = { cwd: installation.folder, env: { PATH: process.env.PATH, ...installation.environment } };
    const rows: Row[] = [];
    for (const args of COMMANDS) {
      const times: number[] = [];
      for (let run = 0; run < RUNS; run += 1) times.push(await timeOf(args, options));
      const command = args.join(' ');
      rows.push({ command: `ic-idp ${command}`, milliseconds: median(times), goal: GOALS[command] });
    }
    return {
      key: 'commands',
      title: 'A command from its start to its end, on PostgreSQL',
      columns: [
        { key: 'command', heading: 'command' },
        { key: 'milliseconds', heading: 'ms' },
        { key: 'goal', heading: 'goal' },
      ],
      rows,
      notes: ['npx adds about 1.5 s.'],
    };
  } finally {
    await installation.remove();
  }
}
