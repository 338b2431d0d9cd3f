import { describe, expect, test } from 'vitest';
import { outlineXml } from '../../src/diagnostics/outline.ts';
import { parseXml } from '../../src/protocols/saml/reading/xml.ts';
import { makeResponse } from '../../src/protocols/saml/writing/response.ts';
import { assertionContent, makeSigningKey } from '../support/saml/saml.ts';

describe('the outline of a Response', () => {
  const outline = async (masked: boolean) => {
    const { signer } = await makeSigningKey('EC-P256');
    const xml = await makeResponse('_r1', assertionContent({ nameId: 'pat@example.com' }), 'both', signer);
    return outlineXml(parseXml(xml), { masked });
  };

  test('has a line for each element, indented by its depth, with the usual prefixes', async () => {
    const lines = await outline(false);
    expect(lines[0]).toMatch(/^samlp:Response Destination="https:.*" ID="_r1" InResponseTo="_request-1"/);
    expect(lines[1]).toBe('  saml:Issuer https://sso.example.com/saml/riverton-water/metadata');
    expect(lines).toContain('  ds:Signature');
    expect(lines).toContain('        saml:AttributeValue pat@example.com');
    expect(lines.filter((line) => /X509Certificate/.test(line))).toEqual([
      expect.stringMatching(/^ {8}ds:X509Certificate \(\d+ characters\)$/),
      expect.stringMatching(/^ {10}ds:X509Certificate \(\d+ characters\)$/),
    ]);
  });

  test('does not identify anybody when masked', {
    meta: { holds: ['IDP-068'], source: 'project rule' },
  }, async () => {
    const text = (await outline(true)).join('\n');
    expect(text).not.toMatch(/pat@|101Invoice/);
    expect(text).toContain('saml:AttributeValue p•••m (15 characters)');
    expect(text).toContain('saml:AttributeValue 1•••e (10 characters)');
    expect(text).toMatch(/saml:NameID Format="[^"]*" p•••m/);
  });
});

test('an outline of something very long or very large is truncated', () => {
  const [line] = outlineXml(parseXml(`<a b="${'x'.repeat(1000)}">${'y'.repeat(1000)}</a>`), { masked: false });
  expect(line).toBe(`a b="${'x'.repeat(300)}…" ${'y'.repeat(300)}…`);
  const lines = outlineXml(parseXml(`<a>${'<b/>'.repeat(1000)}</a>`), { masked: false });
  expect(lines).toHaveLength(201);
  expect(lines.at(-1)).toBe('…');
});
