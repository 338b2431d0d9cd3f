import { connect } from 'node:net';
import { beforeAll, expect, test, vi } from 'vitest';
import { errorCodeOf, referenceOf } from '../support/browser/browser-like.ts';
import { useStage } from '../support/stage.ts';

const stage = useStage();
let port: number;
beforeAll(async () => {
  const url = await stage.installation.server.listen({ port: 0, host: '127.0.0.1' });
  port = Number(new URL(url).port);
});

/** Sends bytes as they are. @returns the answer, whole */
function send(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.on('data', (bytes) => {
      answer += bytes;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

const HEAD = 'Host: idp.example\r\nConnection: close\r\n';
const FORM = `${HEAD}Content-Type: application/x-www-form-urlencoded\r\n`;

test.each([
  ['an unknown page', `GET /nowhere HTTP/1.1\r\n${HEAD}\r\n`, 'page_not_found'],
  ['a method that is not offered', `DELETE /saml/riverton/sso HTTP/1.1\r\n${HEAD}\r\n`, 'page_not_found'],
  ['an unknown biller’s metadata', `GET /saml/nobody/metadata HTTP/1.1\r\n${HEAD}\r\n`, 'biller_unknown'],
  ['an unknown biller’s sign-in', `GET /login/nobody HTTP/1.1\r\n${HEAD}\r\n`, 'biller_unknown'],
  ['a launch at an unknown biller', `GET /launch/nobody/bills HTTP/1.1\r\n${HEAD}\r\n`, 'biller_unknown'],
  ['a repeated parameter', `GET /login/riverton?flow=a&flow=b HTTP/1.1\r\n${HEAD}\r\n`, 'parameter_invalid'],
  [
    'a sign-out from another site',
    `POST /logout HTTP/1.1\r\n${FORM}Sec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n`,
    'cross_site',
  ],
  [
    'a body of another type',
    `POST /logout HTTP/1.1\r\n${HEAD}Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx`,
    'content_type_unsupported',
  ],
  ['a body that is too large', `POST /logout HTTP/1.1\r\n${FORM}Content-Length: 99999\r\n\r\n`, 'request_too_large'],
  ['a path that can’t be decoded', `GET /login/%E0%A4%A HTTP/1.1\r\n${HEAD}\r\n`, 'parameter_invalid'],
  ['headers that are too large', `GET / HTTP/1.1\r\n${HEAD}X: ${'x'.repeat(20_000)}\r\n\r\n`, 'headers_too_large'],
  ['what is no HTTP', 'HELLO\r\n\r\n', 'request_malformed'],
  ['a sign-on without a request', `GET /saml/riverton/sso HTTP/1.1\r\n${HEAD}\r\n`, 'saml_request_missing'],
])('the reference of %s has a trace', async (_title, request, code) => {
  const body = await send(request);
  expect(errorCodeOf({ body })).toBe(code);
  const reference = referenceOf({ body }) ?? '';
  await vi.waitFor(async () =>
    expect(await stage.installation.operate('trace.show', { reference })).toMatchObject({ reference, trace: { code } }),
  );
});
