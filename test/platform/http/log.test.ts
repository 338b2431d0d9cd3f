import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLogger } from '../../../src/platform/http/log.ts';

/** Logs to memory. @returns the lines, parsed */
function linesOf(work: (logger: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  work(createLogger('info', { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const SECRETS = ['password', 'cookie', 'email', 'headers', 'SAMLResponse'];

test('a secret never appears in the log, however deeply it is nested', () => {
  const secret = 'pat@example.com';
  const buried = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 8, depthSize: 'large' },
      fc.record({ name: fc.constantFrom(...SECRETS) }).map(({ name }) => ({ status: 1, [name]: secret })),
      tie('value').map((value) => ({ request: value })),
      tie('value').map((value) => [value]),
      fc.constantFrom(...SECRETS).map((name) => ({ [name]: { text: secret } })),
    ),
  })).value;
  fc.assert(
    fc.property(buried, (value) => {
      const [line] = linesOf((logger) => logger.info({ form: value, reference: 'calm' }, 'request'));
      expect(JSON.stringify(line)).not.toContain(secret);
      expect(line).toMatchObject({ reference: 'calm', msg: 'request' });
    }),
  );
});

test('other values are logged unchanged, next to a secret or not', () => {
  const plain = { route: '/saml/:biller/sso', list: [1, { two: 2 }], nothing: null };
  expect(linesOf((logger) => logger.info({ ...plain, email: 'pat@example.com' }))[0]).toMatchObject({
    ...plain,
    email: '[redacted]',
  });
  expect(linesOf((logger) => logger.info(plain))[0]).toMatchObject(plain);
});

test('an error is logged with its type, code and place, without the values of a statement', () => {
  const driver = Object.assign(new Error('invalid input syntax for type uuid: "pat@example.com"'), { code: '22P02' });
  const query = Object.assign(new Error('Failed query: select pat@example.com', { cause: driver }), { params: [1] });
  const [line] = linesOf((logger) => logger.error({ err: query }, 'it failed'));
  expect(JSON.stringify(line)).not.toContain('pat@example.com');
  expect(line).toMatchObject({ level: 'error', err: { type: 'Error', code: '22P02' } });
});

test('lines reach standard output in order, including the last ones if the process ends at once', () => {
  const module = JSON.stringify(new URL('../../../src/platform/http/log.ts', import.meta.url).href);
  const program = `const { createLogger } = await import(${module});
    const logger = createLogger('info');
    logger.info('one');
    logger.info('two');
    await new Promise(setImmediate);
    logger.info('three');
    process.exit(3);`;
  let output = '';
  try {
    execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  expect(output.match(/"msg":"\w+"/g)).toEqual(['"msg":"one"', '"msg":"two"', '"msg":"three"']);
});
