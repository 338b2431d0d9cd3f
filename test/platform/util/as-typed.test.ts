import { expect, test } from 'vitest';
import { asTyped } from '../../../src/platform/util/as-typed.ts';

const DOCKER = 'docker compose exec idp ic-idp';

test.each([
  ['Run `ic-idp key stage x`.', './ic-idp', 'Run `./ic-idp key stage x`.'],
  ['Examples:\n  ic-idp doctor\n  ic-idp link x', DOCKER, `Examples:\n  ${DOCKER} doctor\n  ${DOCKER} link x`],
  ['`ic-idp biller list`, `ic-idp user list`', 'npx ic-idp', '`npx ic-idp biller list`, `npx ic-idp user list`'],
  ['{"remedy":"`ic-idp doctor`"}', "'/opt/my idp/ic-idp'", '{"remedy":"`\'/opt/my idp/ic-idp\' doctor`"}'],
  // The name of the program, and its path, are no commands.
  ['Usage: ic-idp biller [options]', './ic-idp', 'Usage: ic-idp biller [options]'],
  ['a newer version of ic-idp has changed it', './ic-idp', 'a newer version of ic-idp has changed it'],
  ['`/etc/ic-idp is`', './ic-idp', '`/etc/ic-idp is`'],
])('%j, called as %s', (text, command, typed) => {
  expect(asTyped(text, command)).toBe(typed);
});

test.each([undefined, '', 'a\nb', 'x`y', '\u001b[2J', 'x'.repeat(201)])('IC_IDP_COMMAND=%j is not used', (command) => {
  expect(asTyped('`ic-idp doctor`', command)).toBe('`ic-idp doctor`');
  expect(asTyped('`ic-idp doctor`', command, './ic-idp')).toBe('`./ic-idp doctor`');
});
