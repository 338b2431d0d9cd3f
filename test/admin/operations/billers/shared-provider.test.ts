import { describe, expect, test } from 'vitest';
import { useStage } from '../../../support/stage.ts';

const stage = useStage({ billerInput: { keyType: 'EC-P256' } });

const operate = (name: string, input: Record<string, unknown>) => stage.installation.operate(name, input);
const provider = (entityId: string, acs: string) => ({ entityId, acs: [acs] });
const add = (slug: string, more: Record<string, unknown>) =>
  operate('biller.add', { slug, name: slug, billerGuid: crypto.randomUUID(), keyType: 'EC-P256', ...more });

describe('the Service Provider of another biller', () => {
  const first = provider('https://sp-one.example', 'https://sp-one.example/acs');
  const belongs = /belongs to the biller "one" already\. Is it the right file\?/;

  test('is refused for a new biller unless it is confirmed', async () => {
    await add('one', first);
    await expect(add('two', first)).rejects.toThrow(belongs);
    await expect(add('two', { ...first, sameServiceProvider: true })).resolves.toMatchObject({ slug: 'two' });
    await operate('biller.remove', { slug: 'two' });
  });

  test('is refused in a change unless it is confirmed; what was the biller’s own is not asked about', async () => {
    await add('three', provider('https://sp-three.example', 'https://sp-three.example/acs'));
    await expect(operate('biller.update', { slug: 'three', ...first })).rejects.toThrow(belongs);
    await expect(operate('biller.update', { slug: 'three', name: 'Three' })).resolves.toMatchObject({ name: 'Three' });
    await operate('biller.update', { slug: 'three', ...first, sameServiceProvider: true });
    await expect(operate('biller.update', { slug: 'three', settings: { clockSkewSeconds: 5 } })).resolves.toBeDefined();
  });

  test('is another one with another entity ID, or with an ACS of its own', async () => {
    await add('four', provider('https://sp-four.example', 'https://sp-one.example/acs'));
    await add('five', provider('https://sp-one.example', 'https://sp-one.example/acs?biller=five'));
  });
});

test('a BillerGUID may come in braces, as Windows tools write it', async () => {
  const guid = crypto.randomUUID();
  const added = await add('six', {
    ...provider('https://sp-six.example', 'https://sp-six.example/acs'),
    billerGuid: ` {${guid.toUpperCase()}} `,
  });
  expect(added).toMatchObject({ billerGuid: guid });
});

test('a role that the biller maps to no login type is reported', async () => {
  await add('seven', {
    ...provider('https://sp-seven.example', 'https://sp-seven.example/acs'),
    settings: { loginTypes: { owner: 1, 'co-owner': 5 } },
  });
  const user = { biller: 'seven', email: 'pat@example.com', password: 'correct horse battery' };
  const added = await operate('user.add', { ...user, accounts: ['101:onwer', '102:owner', '103'] });
  expect(added).toMatchObject({
    warnings: [
      'The role "onwer" is in no mapping of seven (owner, co-owner), so its login type is 5, as for everybody else.',
    ],
  });
  expect(await operate('user.update', { biller: 'seven', email: user.email, accounts: ['101:owner'] })).toMatchObject({
    warnings: [],
  });
});
