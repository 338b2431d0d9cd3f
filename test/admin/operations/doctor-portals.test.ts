import { expect, test } from 'vitest';
import { useStage } from '../../support/stage.ts';

const stage = useStage();
const warned = async () => {
  const found = (await stage.installation.operate('doctor', {})) as {
    subject: string;
    level: string;
    finding: string;
  }[];
  return found.filter(({ finding }) => finding.includes('API key')).map(({ subject, level }) => [subject, level]);
};

test('a portal that can make launches and is not registered is a warning, until it is, or its key is over', async () => {
  await stage.addBiller('lakeside');
  expect(await warned()).toEqual([]);
  const { operate } = stage.installation;
  await operate('api-key.add', { biller: 'riverton', role: 'portal' });
  const { id } = (await operate('api-key.add', { biller: 'lakeside', role: 'portal' })) as { id: string };
  expect(await warned()).toEqual([
    ['biller lakeside', 'warning'],
    ['biller riverton', 'warning'],
  ]);
  await operate('biller.update', { slug: 'riverton', settings: { portalUrl: 'https://portal.example/' } });
  await operate('api-key.revoke', { biller: 'lakeside', id });
  expect(await warned()).toEqual([]);
});
