import { parseArgs } from 'node:util';
import { readSettings as readSandboxSettings } from '../sandbox/settings.ts';
import { operate } from '../src/admin/cli/operate.ts';
import { readSettings } from '../src/config.ts';
import { InputError } from '../src/platform/errors/idp-error.ts';
import { portFor } from './ports.ts';
import { type Programs, startPrograms } from './programs.ts';
import { DEMO_ACCOUNTS, DEMO_BILLER, type DemoState, demoState } from './state.ts';

/** Default folder of the demo's data, separate from that of a real installation. */
const DEMO_DATA_DIR = './data/demo';

interface Addresses {
  readonly idp: string;
  readonly sandbox: string;
}

/** Adds the demo's biller and portal user, or updates those of an earlier run. */
async function register({ sandbox }: Addresses, { billerGuid, email, password }: DemoState): Promise<void> {
  const response = await fetch(`${sandbox}/saml/${billerGuid}/metadata`);
  const biller = {
    slug: DEMO_BILLER.slug,
    name: DEMO_BILLER.name,
    spMetadata: await response.text(),
    settings: { redirectLinkBase: sandbox, loginTypes: { owner: 1 } },
  };
  const known = await operate('biller.list', {});
  if (known.some(({ slug }) => slug === biller.slug)) await operate('biller.update', biller);
  else await operate('biller.add', { ...biller, billerGuid });
  const user = {
    biller: biller.slug,
    email,
    password,
    accounts: DEMO_ACCOUNTS.map(({ number, role }) => `${number}:${role}`),
  };
  const users = await operate('user.list', { biller: biller.slug });
  if (users.some((one) => one.email === email)) await operate('user.update', user);
  else await operate('user.add', user);
}

/** Onboards the biller at the sandbox as Invoice Cloud's staff would: through the form. */
async function onboard({ idp, sandbox }: Addresses, { billerGuid }: DemoState): Promise<void> {
  const response = await fetch(`${sandbox}/onboarding`, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams({
      billerGuid,
      name: DEMO_BILLER.name,
      metadataUrl: `${idp}/saml/${DEMO_BILLER.slug}/metadata`,
      claimEmail: 'Email',
      claimLoginType: 'LoginType',
      claimAccountNumber: 'AccountNumber',
      loginTypeMeanings: '1=Account owner\n5=Everyone else',
    }),
  });
  if (!response.ok) throw new Error(`The sandbox refused the onboarding: ${await response.text()}`);
}

const redirectLink = (sandbox: string, billerGuid: string) =>
  `${sandbox}/saml/${billerGuid}?account=101Invoice&ViewMode=0&DeepLinkID=3`;

function screen({ idp, sandbox }: Addresses, { billerGuid, email, password }: DemoState): string {
  const launch = `${idp}/launch/${DEMO_BILLER.slug}`;
  return `
  ${DEMO_BILLER.name} is ready. Click a link, as a portal page would show it:

    AutoPay of account 101Invoice      ${launch}/autopay?account=101Invoice
    Bills of account 202Invoice        ${launch}/bills?account=202Invoice

  Sign in as                           ${email}
  with the password                    ${password}

  Invoice Cloud's own redirect link    ${redirectLink(sandbox, billerGuid)}
  (asks for the account: Invoice Cloud does not pass it on)

  Sign-in page                         ${idp}/login/${DEMO_BILLER.slug}
  IdP metadata of the biller           ${idp}/saml/${DEMO_BILLER.slug}/metadata
  Sandbox (instead of Invoice Cloud)   ${sandbox}/

  Ctrl-C ends everything.
`;
}

function asJson({ idp, sandbox }: Addresses, { billerGuid, email, password }: DemoState): string {
  return JSON.stringify({
    idp,
    sandbox,
    biller: DEMO_BILLER.slug,
    billerGuid,
    redirectLink: redirectLink(sandbox, billerGuid),
    user: { email, password, accounts: DEMO_ACCOUNTS },
  });
}

/** Whoever runs the demo may have something else on the usual ports. A port in an address that was given is not changed. */
async function choosePorts(): Promise<void> {
  const { PORT, HOST: host, PUBLIC_URL } = readSettings(process.env);
  const chosen = process.env.PORT !== undefined || PUBLIC_URL !== `http://localhost:${PORT}`;
  const port = await portFor({ setting: 'PORT', port: PORT, host, chosen });
  if (port !== PORT) process.env.PORT = String(port);
  const sandbox = readSandboxSettings(process.env);
  const sandboxPort = await portFor({
    setting: 'SANDBOX_PORT',
    port: sandbox.port,
    host: sandbox.host,
    chosen: process.env.SANDBOX_PORT !== undefined || process.env.SANDBOX_PUBLIC_URL !== undefined,
  });
  if (sandboxPort !== sandbox.port) process.env.SANDBOX_PORT = String(sandboxPort);
}

async function demo(): Promise<void> {
  const { values } = parseArgs({ options: { json: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  process.env.DATA_DIR ??= DEMO_DATA_DIR;
  process.env.LOG_LEVEL ??= 'warn';
  await choosePorts();
  const { DATA_DIR, PUBLIC_URL } = readSettings(process.env);
  const state = demoState(DATA_DIR);
  process.env.SANDBOX_STORE ??= state.sandboxStore;
  process.env.SANDBOX_IDP ??= PUBLIC_URL;
  const addresses = { idp: PUBLIC_URL, sandbox: readSandboxSettings(process.env).publicUrl };
  if (!values.json) console.log('Starting the Identity Provider and the sandbox ...');
  const programs: Programs = startPrograms();
  try {
    await programs.ready([`${addresses.idp}/health/live`, `${addresses.sandbox}/health`]);
    await register(addresses, state);
    await onboard(addresses, state);
  } catch (error) {
    await programs.stop();
    throw error;
  }
  console.log(values.json ? asJson(addresses, state) : screen(addresses, state));
}

const USAGE = `npm run demo [-- --json]

Starts the Identity Provider and the sandbox, with a biller and a portal user, until Ctrl-C.

  --json   prints one line with addresses, links and sign-in data instead of text for people

PORT and SANDBOX_PORT choose the ports, DATA_DIR the folder of the data (data/demo).`;

demo().catch((error: unknown) => {
  const { message, code } = error as NodeJS.ErrnoException;
  const isUsage = code?.startsWith('ERR_PARSE_ARGS') === true;
  console.error(isUsage ? `${message}. See: npm run demo -- --help` : message);
  process.exit(isUsage || error instanceof InputError ? 2 : 1);
});
