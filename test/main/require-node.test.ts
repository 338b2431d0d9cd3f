import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ofCheckout } from '../support/programs/cli.ts';

/** @param version that Node pretends to be */
function start(version: string) {
  const pretend = `data:text/javascript,Object.defineProperty(process,'versions',{value:{node:'${version}'}})`;
  const options = ['--import', pretend, '--import', ofCheckout('src/require-node.js')];
  return spawnSync(process.execPath, [...options, '-e', 'console.log("started")'], { encoding: 'utf8' });
}

test('a Node that is too old is refused in one sentence, before any TypeScript is read', () => {
  const { status, stdout, stderr } = start('20.19.0');
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^This program needs Node\.js 24 or later; it was started with 20\.19\.0\. [^\n]*\n$/);
});

test.each(['24.0.0', '26.1.0'])('Node %s is taken', (version) => {
  expect(start(version)).toMatchObject({ status: 0, stdout: 'started\n' });
});
