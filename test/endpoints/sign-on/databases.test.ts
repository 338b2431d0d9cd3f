import { expect, test } from 'vitest';
import { useStage } from '../../support/stage.ts';

const stage = useStage();

test('what is tested of a sign-on is tested on PostgreSQL', {
  meta: { holds: ['IDP-102'], source: 'project rule' },
}, async () => {
  const { database } = stage.installation.services;
  expect(database.kind).toBe('postgresql');
  const [found] = await database.query<{ version: string }>({ name: 'version', text: 'select version()' }, []);
  expect(found?.version).not.toMatch(/wasm|emscripten/);
  expect(found?.version).toContain('PostgreSQL');
});
