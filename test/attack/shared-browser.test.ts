import { expect, test } from 'vitest';
import type { BrowserLike } from '../support/browser/browser-like.ts';
import { PASSWORD, useStage } from '../support/stage.ts';

const HER = 'her@example.com';
const MALLORY = 'mallory@example.com';
const stage = useStage({ trustProxy: 'loopback', users: { [HER]: ['1:owner'], [MALLORY]: ['2:owner'] } });
const COOKIE = '__Host-browser-riverton';
const signIn = (browser: BrowserLike, email: string, password: string, address = '198.51.100.7') =>
  browser.post('/login/riverton', { email, password }, { 'x-forwarded-for': address });

test('signing in as oneself does not give new guesses at another user of the same browser', async () => {
  const shared = stage.stranger();
  expect((await signIn(shared, HER, PASSWORD)).statusCode).toBe(303);
  const answers: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    for (let guess = 0; guess < 5; guess += 1) answers.push((await signIn(shared, HER, 'a guess')).statusCode);
    expect((await signIn(shared, MALLORY, PASSWORD)).statusCode).toBe(303);
  }
  expect(answers.filter((status) => status === 401)).toHaveLength(10);
  expect(answers.slice(10)).toEqual(Array.from({ length: 10 }, () => 429));
});

test('whoever signs in with a copy of her cookie, however often, does not make her browser a stranger', async () => {
  const hers = stage.stranger();
  await stage.installation.services.database.db.deleteFrom('signInAttempts').execute();
  expect((await signIn(hers, HER, PASSWORD)).statusCode).toBe(303);
  const thief = stage.stranger();
  thief.cookies.set(COOKIE, hers.cookies.get(COOKIE) ?? '');
  for (let times = 0; times < 5; times += 1) await signIn(thief, MALLORY, PASSWORD);
  // Strangers use up the attempts at her address.
  for (let times = 0; times < 11; times += 1) await signIn(stage.stranger(), HER, 'a guess', `198.51.100.${times}`);
  expect((await signIn(stage.stranger(), HER, PASSWORD, '203.0.113.8')).statusCode).toBe(429);
  expect((await signIn(hers, HER, PASSWORD, '203.0.113.9')).statusCode).toBe(303);
  // After that, the copy is worth nothing for her.
  expect((await signIn(thief, HER, PASSWORD, '203.0.113.10')).statusCode).toBe(429);
});

test('two people who share a browser are both known in it, whoever signed in last', async () => {
  const shared = stage.stranger();
  await stage.installation.services.database.db.deleteFrom('signInAttempts').execute();
  await signIn(shared, HER, PASSWORD);
  await signIn(shared, MALLORY, PASSWORD);
  await signIn(shared, MALLORY, PASSWORD);
  for (let times = 0; times < 11; times += 1) await signIn(stage.stranger(), HER, 'a guess', `198.51.100.${times}`);
  expect((await signIn(shared, HER, PASSWORD, '203.0.113.9')).statusCode).toBe(303);
  const { rows } = await stage.installation.services.database.db
    .selectFrom('knownBrowsers')
    .select(({ fn }) => fn.countAll<string>().as('rows'))
    .executeTakeFirstOrThrow();
  expect(Number(rows)).toBeLessThan(20);
});
