import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { generateServiceProviderMetadata } from '@node-saml/node-saml';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openEmbedded } from '../../src/platform/database/open.ts';
import { createRelyingParty, PARTY_KINDS, type PartyKind, type RelyingParty } from '../rotation/relying-party.ts';
import { type SignOnCounts, type SignOns, startSignOns } from '../rotation/sign-ons.ts';
import { createPortalClient, samlResponseIn } from '../support/browser/portal-client.ts';
import { layEmbeddedDatabase } from '../support/postgres/embedded-template.ts';
import { ofCheckout, plainEnvironment, workingFolder } from '../support/programs/cli.ts';
import { endService, type ServiceProcess, startService } from '../support/programs/service.ts';
import { readPage } from './pages.ts';

/** The biller of the page. */
const ON_PAGE = 'riverton-water';
/** The test user of the page, and somebody else. */
const TEST_USER = 'test@riverton.example';
const PORTAL_USER = 'pat@example.com';
const PASSWORD = 'correct horse battery';
const PAUSE_MS = 50;

/**
 * The steps on the page: shell blocks with the output shown below them, and what others do, in bold sentences on a line
 * of their own.
 */
const STEP =
  /^```sh\n(?<command>[\s\S]*?)^```\n(?:\n```text\n(?<shown>[\s\S]*?)^```\n)?|^\*\*(?<other>[A-Z][^*\n]*\.)\*\*$/gm;
interface Step {
  readonly step: string;
  readonly command?: string;
  readonly shown?: string;
  readonly other?: string;
}
interface Part {
  readonly heading: string;
  readonly steps: readonly Step[];
}
/** Chapters and the parts below them, in order, each up to the next heading. */
const parts: Part[] = readPage('docs/key-rotation.md')
  .split(/^(?=##)/m)
  .map((part) => ({
    heading: part.split('\n', 1)[0]?.replace(/^#+ /, '') ?? '',
    steps: [...part.matchAll(STEP)].map(({ groups = {} }) => ({
      step: groups.other ?? groups.command ?? '',
      ...groups,
    })),
  }));
function stepsOf(heading: string): readonly Step[] {
  const found = parts.find((part) => part.heading.includes(heading));
  if (found === undefined || found.steps.length === 0) throw new Error(`the page has no steps under “${heading}”`);
  return found.steps;
}
/** The steps before and after the one that contains a text. */
function split(steps: readonly Step[], at: string): [readonly Step[], readonly Step[]] {
  const position = steps.findIndex(({ step }) => step.includes(at));
  if (position < 0) throw new Error(`the page has no step “${at}”`);
  return [steps.slice(0, position), steps.slice(position)];
}

const { folder, remove } = workingFolder();
let service: ServiceProcess;
let settings: Record<string, string>;

/** What differs from one run to the next. */
const settle = (output: string) =>
  output
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<fingerprint>')
    .replaceAll(/\b[0-9a-f]{16}\b/g, '<begin>')
    .replaceAll(/\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+Z)?/g, '<time>')
    .replaceAll(/\b20\d\d-\d\d-\d\d\b/g, '<date>')
    .replaceAll(/one-time=[\w-]+/g, 'one-time=<token>')
    .replaceAll(/http:\/\/localhost:\d+/g, '<service>')
    .replaceAll(/https:\/\/sso\.riverton\.example/g, '<service>')
    .replaceAll(/\bfrom [\d.]+, .*/g, 'from <somewhere>')
    .replaceAll(/\d+ fetch(es)? by [\d.]+ \([^)]*\)/g, '<fetches> by <somebody>')
    .replaceAll(/^(Seen +)[1-9]\d* fetch(es)? (was|were)/gm, '$1<fetches>')
    .replaceAll(/[0-9a-f-]{36}/g, '<guid>')
    .replaceAll(/^\d+ secrets/gm, '<number> secrets')
    .replaceAll(/^(Sealed with the first +)\d+$/gm, '$1<number>');

async function run(command: string, input = '') {
  const child = spawn('sh', ['-c', command], { cwd: folder, env: plainEnvironment(settings) });
  child.stdin.on('error', () => undefined).end(input);
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr, status: status as number | null };
}

/** A biller with its Service Provider, and what the page says about it. */
interface Followed {
  readonly slug: string;
  readonly party: RelyingParty;
  /** Sign-ons of a portal user, who goes on all the while. */
  readonly counts: SignOnCounts;
  follow(steps: readonly Step[]): Promise<void>;
  /** The Service Provider fetches again by itself, or not for a while. */
  fetchesAgain(whether: boolean): void;
  active(): Promise<string>;
  end(): Promise<void>;
}

const entityIdOf = (slug: string) => `https://sso.invoicecloud.example/${slug}`;

async function followed(slug: string, kind: PartyKind): Promise<Followed> {
  const entityId = entityIdOf(slug);
  const party = createRelyingParty(kind, entityId, `${entityId}/acs`);
  const metadata = `${service.url}/saml/${slug}/metadata`;
  const source = join('metadata', `${slug}-sp.xml`);
  writeFileSync(
    join(folder, source),
    generateServiceProviderMetadata({ issuer: entityId, callbackUrl: `${entityId}/acs` }),
  );
  const add = `./ic-idp biller add ${slug} --name ${slug} --guid ${crypto.randomUUID()} --sp-metadata ${source}`;
  expect(await run(add)).toMatchObject({ status: 0 });
  for (const email of [TEST_USER, PORTAL_USER]) {
    expect(await run(`./ic-idp user add ${slug} ${email} --account 101Invoice`, `${PASSWORD}\n`)).toMatchObject({
      status: 0,
    });
  }
  await party.save(metadata);
  const counts: SignOnCounts = { accepted: 0, refused: [] };
  const who = { urls: [service.url], slug, entityId, email: PORTAL_USER, password: PASSWORD };
  const signOns: SignOns = startSignOns({ ...who, party, counts, pauseMs: PAUSE_MS });
  const test = createPortalClient(service.url);
  await test.signIn(slug, TEST_USER, PASSWORD);
  /** The address that the last command printed, to save in the form. */
  let handedOver = '';
  let running = true;
  let fetching = kind === 'refetches';
  const fetches = (async () => {
    for (; running; await setTimeout(PAUSE_MS)) if (fetching) await party.save(metadata);
  })();

  const oneTime = () => `${service.url}${new URL(handedOver).pathname}${new URL(handedOver).search}`;
  async function testUserIsAccepted(): Promise<boolean> {
    const response = samlResponseIn((await test.signOn(slug, entityId)).body);
    if (response === undefined) throw new Error('the test user could not sign on');
    return party.accepts(response);
  }

  /** What others than the operator do, by the sentence on the page. */
  const others: Readonly<Record<string, () => Promise<unknown>>> = {
    'Invoice Cloud reads the metadata URL again.': async () => {
      await party.save(metadata);
      fetching = kind === 'refetches';
      // A fetch is recorded once it is known whether it was cut off.
      const seen = async () => JSON.parse((await run(`./ic-idp key status ${slug} --json`)).stdout)[0].seen > 0;
      await vi.waitUntil(seen, { timeout: 60_000 });
    },
    'Invoice Cloud saves the form with that address.': () => party.save(oneTime()),
    'Invoice Cloud saves the form again with the metadata URL.': () => party.save(metadata),
    'Invoice Cloud fetches that address, and the form is not saved.': () =>
      fetch(oneTime(), { headers: { 'user-agent': 'relying-party' } }).then((answer) => answer.text()),
    'The test user signs on, and Invoice Cloud shows its page.': async () =>
      expect(await testUserIsAccepted()).toBe(true),
    'The test user signs on, and Invoice Cloud refuses.': async () => expect(await testUserIsAccepted()).toBe(false),
    'Ten minutes pass.': async () => {
      const database = await openEmbedded(settings.DATA_DIR ?? '');
      const stateSince = sql<Date>`state_since - interval '10 minutes'`;
      await database.db.updateTable('signingKeys').set({ stateSince }).where('state', '=', 'retiring').execute();
      await database.close();
    },
  };

  async function take({ command, shown, other }: Step): Promise<void> {
    if (other !== undefined) {
      const act = others[other];
      if (act === undefined) throw new Error(`this test does not know how to do: ${other}`);
      await act();
      return;
    }
    const { status, stdout, stderr } = await run((command ?? '').replaceAll(ON_PAGE, slug));
    expect({ command, stderr, status }).toEqual({ command, stderr: '', status: 0 });
    handedOver = /http\S+one-time=\S+/.exec(stdout)?.[0] ?? handedOver;
    if (shown !== undefined) expect(settle(stdout)).toBe(settle(shown.replaceAll(ON_PAGE, slug)));
  }

  return {
    slug,
    party,
    counts,
    async follow(steps) {
      for (const step of steps) await take(step);
      await signOns.more(5);
    },
    fetchesAgain(whether) {
      fetching = whether;
    },
    async active() {
      const [found] = JSON.parse((await run(`./ic-idp key status ${slug} --json`)).stdout) as {
        active: { fingerprint: string };
      }[];
      return found?.active.fingerprint ?? '';
    },
    async end() {
      running = false;
      await Promise.all([signOns.end(), fetches]);
      test.close();
      expect(await run(`./ic-idp biller remove ${slug} --yes`)).toMatchObject({ status: 0 });
    },
  };
}

beforeAll(async () => {
  symlinkSync(ofCheckout('ic-idp'), join(folder, 'ic-idp'));
  mkdirSync(join(folder, 'metadata'));
  writeFileSync(join(folder, 'passphrase.txt'), `${randomBytes(12).toString('hex')}\n`);
  settings = { DATA_DIR: join(folder, 'data') };
  await layEmbeddedDatabase(join(folder, 'data'));
  service = await startService(settings, folder);
  settings.PUBLIC_URL = `http://localhost:${service.port}`;
});
afterAll(async () => {
  await endService(service);
  remove();
});

/** Nobody was refused, and the Service Provider has the active certificate. */
async function expectNobodyHurt({ counts, party, active }: Followed): Promise<void> {
  expect(counts.refused).toEqual([]);
  expect(counts.accepted).toBeGreaterThan(10);
  expect(party.kept()).toContain(await active());
}

describe.each(PARTY_KINDS)('the runbook, followed word by word against a Service Provider that %s', (kind) => {
  let biller: Followed;
  beforeAll(async () => {
    biller = await followed(`${kind}-water`, kind);
  });
  afterAll(() => biller.end());

  test('the routine refuses no sign-on', async () => {
    await biller.follow(stepsOf('2. The routine'));
    await expectNobodyHurt(biller);
  });

  test('a rotation with overlap refuses no sign-on, because a canary goes first', async () => {
    biller.fetchesAgain(false);
    const [upToCanary, fromCanary] = split(stepsOf('3. Overlap'), 'The test user signs on');
    await biller.follow(upToCanary);
    if (kind === 'pins') await biller.follow(stepsOf('If the canary is refused'));
    else {
      const [upToActivation, afterwards] = split(fromCanary, 'Ten minutes pass');
      await biller.follow(upToActivation);
      await biller.follow(stepsOf('Going back from an activation'));
      await biller.follow(afterwards);
    }
    await expectNobodyHurt(biller);
  });
});

test('going back from a form that was not saved ends the refusals', async () => {
  const biller = await followed('unsaved-water', 'pins');
  await biller.follow(split(stepsOf('2. The routine'), 'Invoice Cloud saves the form')[0]);
  expect(biller.counts.refused).toEqual([]);
  const [unsaved, goingBack] = split(stepsOf('Going back, if the form was not saved'), './ic-idp key back-out');
  await biller.follow(unsaved);
  await vi.waitUntil(() => biller.counts.refused.length > 0, { timeout: 60_000 });
  const [backOut, again] = split(goingBack, 'Invoice Cloud saves the form');
  await biller.follow(backOut);
  const before = biller.counts.refused.length;
  await biller.follow(again);
  expect(biller.counts.refused.length).toBe(before);
  expect(biller.party.kept()).toEqual([await biller.active()]);
  await biller.end();
});

describe('the other chapters work word for word', () => {
  const numbered = parts.filter(({ heading }) => /^\d\. /.test(heading));
  const others = numbered.filter(({ heading }) => !/^[23]\. /.test(heading)).flatMap(({ steps }) => steps);
  let biller: Followed;
  beforeAll(async () => {
    biller = await followed(ON_PAGE, 'pins');
    const guid = crypto.randomUUID();
    const lakeside = `./ic-idp biller add lakeside-gas --name lakeside-gas --guid ${guid} --rotation overlap`;
    const provider = '--entity-id https://lakeside.example --acs https://lakeside.example/acs';
    expect(await run(`${lakeside} ${provider}`)).toMatchObject({ status: 0 });
  });
  afterAll(() => biller.end());

  test('there are all of them', () => {
    expect(numbered).toHaveLength(8);
    expect(others.length).toBeGreaterThan(8);
  });

  test.each(others)('$step', (step) => biller.follow([step]));

  test('at the end Invoice Cloud has the active certificate', async () => {
    expect(biller.party.kept()).toEqual([await biller.active()]);
  });
});
