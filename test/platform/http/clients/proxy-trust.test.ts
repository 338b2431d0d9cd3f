import { expect, test } from 'vitest';
import { tooMuchTrust } from '../../../../src/platform/http/clients/proxy-trust.ts';

test.for([
  ['10.0.0.0/8', '10.0.0.0/8'],
  ['loopback, 172.16.0.0/12,10.0.0.5', '172.16.0.0/12'],
  ['0.0.0.0/0,::/0', '0.0.0.0/0 and ::/0'],
  ['uniquelocal', 'uniquelocal'],
  ['linklocal,loopback', 'linklocal'],
  ['fd00::/8', 'fd00::/8'],
  ['fd12:3456::/64', 'fd12:3456::/64'],
  ['192.168.0.0/23', '192.168.0.0/23'],
] as const)('TRUST_PROXY=%s trusts too many clients', ([TRUST_PROXY, wide]) => {
  expect(tooMuchTrust({ TRUST_PROXY, HOST: '127.0.0.1' })).toBe(
    `TRUST_PROXY trusts every client in ${wide}: each can claim any address`,
  );
});

test.for([undefined, 'loopback', '10.0.0.5,10.0.0.6', '10.0.0.0/24', '::1,fd00::5', 'fd00::/120', '10.0.0.5/32'])(
  'TRUST_PROXY=%s does not',
  (TRUST_PROXY) => {
    expect(tooMuchTrust({ TRUST_PROXY, HOST: '0.0.0.0' })).toBeUndefined();
  },
);

test('a number of proxies is safe only if nothing but a proxy reaches the port', () => {
  for (const HOST of ['127.0.0.1', 'localhost', '::1'])
    expect(tooMuchTrust({ TRUST_PROXY: '1', HOST })).toBeUndefined();
  expect(tooMuchTrust({ TRUST_PROXY: '1', HOST: '0.0.0.0' })).toContain('every client that reaches 0.0.0.0 directly');
});
