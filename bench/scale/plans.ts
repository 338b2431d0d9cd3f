import pg from 'pg';
import type { Database } from '../../src/platform/database/database.ts';
import { createDb } from '../../src/platform/database/kysely.ts';
import { sendOver } from '../../src/platform/database/transaction.ts';

/** Something that the service does with the database, run by its own code. */
export interface Work {
  /** What its statements are for, in their order; an empty title for one that is not to be shown. */
  readonly titles: readonly string[];
  run(database: Database): Promise<unknown>;
}

/** How PostgreSQL carried it out: EXPLAIN (ANALYZE, BUFFERS) of every statement that it took. */
export interface Plan {
  readonly title: string;
  readonly statement: string;
  readonly plan: string;
  readonly milliseconds: number;
  /** Pages of 8 kB that were read, from memory or disk. */
  readonly pages: number;
  /** Tables that were scanned completely. */
  readonly wholeTables: readonly string[];
}

// The statements are explained while they are run, so that what is shown is what the service sends. A prepared one is
// planned without knowing its values, as the service's are after a few runs.
const SETTINGS = [
  `load 'auto_explain'`,
  `set auto_explain.log_min_duration = 0`,
  `set auto_explain.log_analyze = on`,
  `set auto_explain.log_buffers = on`,
  `set auto_explain.log_level = notice`,
  `set auto_explain.log_parameter_max_length = 0`,
  `set jit = off`,
];

function readPlan(title: string, message: string): Plan {
  const [, milliseconds, text] = /^duration: ([\d.]+) ms {2}plan:\n([\s\S]*)$/.exec(message) ?? [];
  const start = /^[A-Z][A-Za-z ]+(?: on \w+| using \w+ on \w+)?(?: \w+)? {2}\(cost=/m.exec(text ?? '')?.index ?? 0;
  const plan = (text ?? message).slice(start).trim();
  const statement = (text ?? '')
    .slice(0, start)
    .replace(/^Query Text: /, '')
    .replace(/\s+/g, ' ')
    .trim();
  const buffers = /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/.exec(plan);
  return {
    title,
    statement,
    plan,
    milliseconds: Number(milliseconds),
    pages: Number(buffers?.[1] ?? 0) + Number(buffers?.[2] ?? 0),
    wholeTables: [...plan.matchAll(/Seq Scan on (\w+)/g)].map((match) => match[1] ?? ''),
  };
}

/** Runs every piece of work twice, the second time explained: the first one fetches pages into memory. */
export async function plansOf(url: string, works: readonly Work[]): Promise<Plan[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const database: Database = {
      kind: 'postgresql',
      db: createDb((text, values) => sendOver(client, text, values)),
      transaction: () => Promise.reject(new Error('No transaction is explained.')),
      async query<Row>({ name, text }: { name: string; text: string }, values: readonly unknown[]) {
        await client.query('set plan_cache_mode = force_generic_plan');
        const { rows } = await client.query({ name, text, values: values as unknown[] });
        await client.query('reset plan_cache_mode');
        return rows as Row[];
      },
      onChange: () => undefined,
      close: () => client.end(),
    };
    for (const setting of SETTINGS) await client.query(setting);
    const plans: Plan[] = [];
    for (const { titles, run } of works) {
      await run(database);
      const messages: string[] = [];
      const listen = ({ message = '' }: { message?: string | undefined }) => {
        if (message.startsWith('duration: ')) messages.push(message);
      };
      client.on('notice', listen);
      await run(database);
      client.off('notice', listen);
      if (messages.length !== titles.length)
        throw new Error(`${titles.join(', ')}: took ${messages.length} statements`);
      plans.push(
        ...titles.map((title, index) => readPlan(title, messages[index] ?? '')).filter(({ title }) => title !== ''),
      );
    }
    return plans;
  } finally {
    await client.end();
  }
}
