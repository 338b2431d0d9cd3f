import { expect, test } from 'vitest';
import { useStage } from '../../support/stage.ts';

const stage = useStage();
const given = (operation: string, input: Record<string, unknown>) =>
  stage.installation.operate(operation, input).then(
    () => 'taken',
    (error: Error) => error.message,
  );

test.each(['day', '1e2', '1.5', '-1', '0x10', ' 5', '5h', '', '999999999', 'NaN'])(
  'a number is a whole one, and what is none is shown as it was given: %j',
  async (text) => {
    for (const [operation, field, input] of [
      ['key.hand-over', 'hours', { biller: 'riverton' }],
      ['user.reset-password', 'hours', { biller: 'riverton', email: 'pat@example.com' }],
      ['key.fetches', 'days', { biller: 'riverton' }],
      ['audit.list', 'limit', {}],
    ] as const) {
      expect(await given(operation, { ...input, [field]: text })).toMatch(new RegExp(`^${field} "${text}": must be `));
    }
  },
);

test('a number may be text, as options have it', async () => {
  expect(await given('audit.list', { limit: '10' })).toBe('taken');
  expect(await given('key.fetches', { biller: 'riverton', days: '400' })).toBe('taken');
});

test.each([
  ['metadataClients', '10.0.0.0/99'],
  ['metadataClients', '10.0.0'],
  ['metadataClients', '300.1.2.3'],
  ['monitors', '2001:db8::/200'],
  ['monitors', '203.0.113.7:443'],
])('%s: what looks like an address is one, because nobody’s User-Agent has it: %s', async (setting, client) => {
  const answer = await given('biller.update', { slug: 'riverton', settings: { [setting]: [client] } });
  expect(answer).toContain('must be an address, a network such as 203.0.113.0/24, or a part of the User-Agent');
});

test.each(['10.0.0.0/8', '2001:db8::1', 'InvoiceCloud/2.1', 'uptime-kuma'])('a client can be %s', async (client) => {
  const settings = { monitors: [client] };
  expect(await given('biller.update', { slug: 'riverton', settings })).toBe('taken');
});
