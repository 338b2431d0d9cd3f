import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { portFor } from '../../demo/ports.ts';
import { freePort } from '../support/programs/free-port.ts';

test('a port in use is passed over, unless somebody chose it', async () => {
  const port = await freePort();
  const wanted = { setting: 'PORT', port, host: '127.0.0.1', chosen: false };
  expect(await portFor(wanted)).toBe(port);
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  expect(await portFor(wanted)).toBeGreaterThan(port);
  await expect(portFor({ ...wanted, chosen: true })).rejects.toThrow(`Port ${port} (PORT) is in use on 127.0.0.1.`);
  other.close();
});
