import { expect, inject, test } from 'vitest';
import { useStage } from './stage.ts';

const stage = useStage();

test('all that is tested of a sign-on is tested on PGlite and on PostgreSQL, and each is what it is said to be', {
  meta: { holds: ['IDP-102'], source: 'project rule' },
}, async () => {
  const { database } = stage.installation.services;
  expect(database.kind).toBe(inject('database'));
  const [found] = await database.query<{ version: string }>({ name: 'version', text: 'select version()' }, []);
  expect(/wasm|emscripten/.test(found?.version ?? '')).toBe(database.kind === 'embedded');
  expect(found?.version).toContain('PostgreSQL');
});
