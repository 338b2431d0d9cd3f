import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createPortalClient } from '../../test/support/browser/portal-client.ts';
import { all, atMost, type Experiment } from '../experiment.ts';
import { BILLER, EMAIL, PASSWORD, withStage } from '../stage/stage.ts';

const SIGN_INS = 2_000;
const AT_ONCE = 100;
const WAIT_AT_MOST_S = 5;

/** Each comes from an address of its own, so that the throttle of guesses doesn't stop it. */
const addressOf = (number: number) => `203.0.${Math.floor(number / 250)}.${1 + (number % 250)}`;

/** Sends a sign-in and closes the connection. */
function sendAndClose(port: number, number: number): Promise<void> {
  const body = new URLSearchParams({ email: `nobody-${number}@example.com`, password: 'wrong password' }).toString();
  const head = [
    `POST /login/${BILLER} HTTP/1.1`,
    'Host: localhost',
    `X-Forwarded-For: ${addressOf(number)}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => close()));
    const close = () => socket.destroy();
    socket.on('error', () => undefined).on('close', () => resolve());
  });
}

export const closedSignIns: Experiment = {
  name: 'closed-sign-ins',
  purpose: `${SIGN_INS} sign-ins are sent, and their connections closed; then a portal user signs in`,
  databases: ['PostgreSQL'],
  run: ({ database }) =>
    withStage(database, { settings: { TRUST_PROXY: 'loopback' } }, async (stage) => {
      const { instance } = stage;
      const port = Number(new URL(instance.url).port);
      for (let number = 0; number < SIGN_INS; number += AT_ONCE) {
        await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => sendAndClose(port, number + index)));
      }
      await pause(100);
      const began = performance.now();
      const client = createPortalClient(instance.url);
      const signedIn = await client.signIn(BILLER, EMAIL, PASSWORD).then(
        () => true,
        () => false,
      );
      client.close();
      return [
        all('real sign-ins that succeed', signedIn ? 1 : 0, 1),
        atMost('a real sign-in takes', (performance.now() - began) / 1_000, WAIT_AT_MOST_S, 's'),
      ];
    }),
};
