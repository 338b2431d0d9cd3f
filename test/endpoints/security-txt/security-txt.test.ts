import { describe, expect, test } from 'vitest';
import { errorCodeOf } from '../../support/browser/browser-like.ts';
import { useStage } from '../../support/stage.ts';

const PATH = '/.well-known/security.txt';
const DAY_MS = 86_400_000;

describe('with SECURITY_CONTACT', () => {
  const stage = useStage({ securityContact: 'mailto:security@riverton.example' });
  const get = () => stage.installation.server.inject(PATH);

  test('security.txt has the fields that RFC 9116 requires, at the place that its Canonical says', async () => {
    const { statusCode, headers, body } = await get();
    expect([statusCode, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(body).toMatch(
      /^Contact: mailto:security@riverton\.example\nExpires: \S+T00:00:00\.000Z\nPreferred-Languages: en\nCanonical: https:\/\/idp\.example\/\.well-known\/security\.txt\n$/,
    );
  });

  test('it always expires later, and within a year', async () => {
    const daysLeft = async () => {
      const [, expires = ''] = /^Expires: (\S+)$/m.exec((await get()).body) ?? [];
      return (Date.parse(expires) - stage.now()) / DAY_MS;
    };
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await daysLeft()).toBeGreaterThan(100);
      expect(await daysLeft()).toBeLessThan(365);
      stage.pass(300 * DAY_MS);
    }
  });
});

describe('on localhost', () => {
  const stage = useStage({ publicUrl: 'http://localhost:3000', securityContact: 'https://riverton.example/report' });
  test('it has no Canonical, which must be an https URL', async () => {
    const { body } = await stage.installation.server.inject(PATH);
    expect(body).toContain('Contact: https://riverton.example/report\n');
    expect(body).not.toContain('Canonical');
  });
});

describe('without it', () => {
  const stage = useStage();
  test('there is no such page', async () => {
    const page = await stage.installation.server.inject(PATH);
    expect([page.statusCode, errorCodeOf(page)]).toEqual([404, 'page_not_found']);
  });
});
