import { signOnMessage } from '../http/authn-request.ts';
import { Connection } from '../http/connection.ts';

/** How far each launch goes. */
export const STEPS = ['asked for', 'followed', 'signed on'] as const;
export type Step = (typeof STEPS)[number];

/** What the load is asked to do. */
export interface LaunchOrder {
  readonly port: number;
  readonly ssoUrl: string;
  /** API keys, in turn: one has a limit of calls. */
  readonly keys: readonly string[];
  readonly step: Step;
  readonly connections: number;
  readonly milliseconds: number;
  /** The first number of the portal users, each of whom is launched in turn. */
  readonly users: number;
}

export interface LaunchResult {
  readonly launches: number;
  readonly milliseconds: number;
}

const BROWSER = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.9',
  'Sec-Fetch-Site: cross-site',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Dest: document',
];
/** The page of the portal that the browser comes from. */
export const PORTAL = 'https://portal.riverton.example';

function callMessage(port: number, key: string, user: number): string {
  const accounts = [{ number: `${user}Invoice`, role: 'owner' }];
  const body = JSON.stringify({
    user: { id: `u-${user}`, email: `user-${user}@example.com`, accounts },
    account: `${user}Invoice`,
    destination: 'bills',
    refreshUrl: `${PORTAL}/pay`,
  });
  return [
    'POST /api/launches HTTP/1.1',
    `Host: localhost:${port}`,
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    `Idempotency-Key: ${crypto.randomUUID()}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

const followMessage = (url: string) => {
  const { host, pathname } = new URL(url);
  return [`GET ${pathname} HTTP/1.1`, `Host: ${host}`, `Referer: ${PORTAL}/`, ...BROWSER, '\r\n'].join('\r\n');
};

/** Does one launch, as far as asked. @throws if a step is not answered as it must be */
async function launch(connection: Connection, { port, ssoUrl, keys, step }: LaunchOrder, user: number): Promise<void> {
  const made = await connection.ask(callMessage(port, keys[user % keys.length] ?? '', user));
  const url = /"url":"([^"]+)"/.exec(made.text)?.[1];
  if (made.status !== 201 || url === undefined) throw new Error(`no launch was made: ${made.text}`);
  if (step === 'asked for') return;
  const followed = await connection.ask(followMessage(url));
  const cookie = /set-cookie: (__Host-session-[^;]+)/i.exec(followed.text)?.[1];
  if (followed.status !== 303 || cookie === undefined) throw new Error(`a launch was not followed: ${followed.text}`);
  if (step === 'followed') return;
  const { status, text } = await connection.ask(signOnMessage({ ssoUrl, cookie }));
  if (status !== 200 || !text.includes(' name="SAMLResponse"')) throw new Error(`no assertion came: ${text}`);
}

const USERS = 1_000;

async function carryOut(order: LaunchOrder): Promise<LaunchResult> {
  let launches = 0;
  const began = performance.now();
  const keepAtIt = async () => {
    const connection = new Connection(order.port);
    while (performance.now() - began < order.milliseconds) {
      launches += 1;
      await launch(connection, order, order.users + (launches % USERS));
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: order.connections }, keepAtIt));
  return { launches, milliseconds: performance.now() - began };
}

process.on('message', async (order: LaunchOrder) => {
  process.send?.(await carryOut(order));
});
