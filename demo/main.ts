import { parseArgs } from 'node:util';
import { readPortalAddress } from '../sandbox/portal/settings.ts';
import { readSettings as readSandboxSettings } from '../sandbox/settings.ts';
import { operate } from '../src/admin/cli/operate.ts';
import { readSettings } from '../src/config.ts';
import { InputError } from '../src/platform/errors/idp-error.ts';
import { givePortalKey } from './portal-key.ts';
import { portFor } from './ports.ts';
import { type Programs, startPrograms } from './programs.ts';
import { DEMO_ACCOUNTS, DEMO_BILLER, type DemoState, demoState } from './state.ts';

/** Default folder of the demo's data, separate from that of a real installation. */
const DEMO_DATA_DIR = './data/demo';

interface Addresses {
  readonly idp: string;
  readonly sandbox: string;
  readonly portal: string;
}

/** Adds the demo's biller and portal user, or updates those of an earlier run. */
async function register({ sandbox, portal }: Addresses, { billerGuid, email, password }: DemoState): Promise<void> {
  const response = await fetch(`${sandbox}/saml/${billerGuid}/metadata`);
  const biller = {
    slug: DEMO_BILLER.slug,
    name: DEMO_BILLER.name,
    spMetadata: await response.text(),
    settings: { redirectLinkBase: sandbox, loginTypes: { owner: 1 }, portalUrl: `${portal}/` },
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

function screen({ idp, sandbox, portal }: Addresses, state: DemoState): string {
  const { billerGuid, email, password, portalUsers } = state;
  const launch = `${idp}/launch/${DEMO_BILLER.slug}`;
  const people = portalUsers.map((user) => `    ${user.email.padEnd(34)} ${user.password}`).join('\n');
  return `
  ${DEMO_BILLER.name} is ready.

  Its portal, which says who is signed in: ${portal}/
  Sign in there as one of these, with the password beside it:

${people}

  Or click a link, as a portal without a back end would show it:

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

function asJson({ idp, sandbox, portal }: Addresses, state: DemoState): string {
  const { billerGuid, email, password, portalUsers } = state;
  return JSON.stringify({
    idp,
    sandbox,
    portal,
    biller: DEMO_BILLER.slug,
    billerGuid,
    redirectLink: redirectLink(sandbox, billerGuid),
    user: { email, password, accounts: DEMO_ACCOUNTS },
    portalUsers,
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
  const portal = readPortalAddress(process.env);
  const portalPort = await portFor({
    setting: 'PORTAL_PORT',
    port: portal.port,
    host: portal.host,
    chosen: process.env.PORTAL_PORT !== undefined || process.env.PORTAL_PUBLIC_URL !== undefined,
  });
  process.env.PORTAL_PORT = String(portalPort);
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
  const sandbox = readSandboxSettings(process.env).publicUrl;
  process.env.PORTAL_IDP ??= PUBLIC_URL;
  process.env.PORTAL_INVOICE_CLOUD ??= sandbox;
  process.env.PORTAL_USERS ??= state.portalUsersFile;
  process.env.PORTAL_API_KEY_FILE ??= state.portalKeyFile;
  const portal = readPortalAddress(process.env).publicUrl;
  const addresses = { idp: PUBLIC_URL, sandbox, portal };
  if (!values.json) console.log('Starting the Identity Provider, the sandbox and the portal ...');
  const programs: Programs = startPrograms();
  try {
    await programs.ready([`${addresses.idp}/health/live`, `${addresses.sandbox}/health`]);
    await register(addresses, state);
    await onboard(addresses, state);
    await givePortalKey(DEMO_BILLER.slug, state.portalKeyFile);
    programs.start('../sandbox/portal/main.ts');
    await programs.ready([`${portal}/health`]);
  } catch (error) {
    await programs.stop();
    throw error;
  }
  console.log(values.json ? asJson(addresses, state) : screen(addresses, state));
}

const USAGE = `npm run demo [-- --json]

Starts the Identity Provider, the sandbox and a portal, with a biller and portal users, until Ctrl-C.

  --json   prints one line with addresses, links and sign-in data instead of text for people

PORT, SANDBOX_PORT and PORTAL_PORT choose the ports, DATA_DIR the folder of the data (data/demo).`;

demo().catch((error: unknown) => {
  const { message, code } = error as NodeJS.ErrnoException;
  const isUsage = code?.startsWith('ERR_PARSE_ARGS') === true;
  console.error(isUsage ? `${message}. See: npm run demo -- --help` : message);
  process.exit(isUsage || error instanceof InputError ? 2 : 1);
});
