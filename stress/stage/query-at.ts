import pg from 'pg';

/** Runs one statement. @returns its rows */
export async function queryAt<Row extends pg.QueryResultRow>(url: string, text: string, values: readonly unknown[]) {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}
