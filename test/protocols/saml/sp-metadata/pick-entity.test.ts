import { describe, expect, test } from 'vitest';
import { readSpMetadata } from '../../../../src/protocols/saml/sp-metadata/sp-metadata.ts';
import { acs, entity, group, PROTOCOL, sp } from './sp-documents.ts';

const NOW = Date.UTC(2026, 2, 1, 8, 30);

const idp = (id: string) => entity(`<md:IDPSSODescriptor ${PROTOCOL}/>`, `entityID="${id}"`);
const provider = (id: string, path = 'acs') => entity(sp(acs(`https://sp.example/${path}`)), `entityID="${id}"`);
/** As many entities as a federation has, too many to read at once. */
const many = Array.from({ length: 3_000 }, (_, number) => provider(`https://other-${number}.example`)).join('');

const read = (xml: string, entityId: string) => readSpMetadata(xml, NOW, { entityId });

describe('one entity out of the metadata of many', () => {
  test('is found by its entity ID, however many there are', () => {
    const xml = group(
      `<!-- <md:EntityDescriptor entityID="https://sp.example"/> -->${many}${group(provider('https://sp.example', 'mine'))}${idp('x')}`,
    );
    const found = read(xml, 'https://sp.example');
    expect(found).toMatchObject({ entityId: 'https://sp.example', acs: [{ url: 'https://sp.example/mine' }] });
    expect(read(xml, 'https://other-2999.example').entityId).toBe('https://other-2999.example');
  });

  test('keeps the namespaces that the groups around it declare', () => {
    const xml = `<x:EntitiesDescriptor xmlns:x="urn:oasis:names:tc:SAML:2.0:metadata" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">
      <EntityDescriptor entityID="a"/><EntityDescriptor
        entityID="b"><x:SPSSODescriptor ${PROTOCOL}><AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/b" index="0"/></x:SPSSODescriptor></EntityDescriptor>
    </x:EntitiesDescriptor>`;
    expect(read(xml, 'b').acs).toEqual([{ url: 'https://sp.example/b', index: 0, isDefault: true }]);
  });

  test('is refused with a group that has expired', () => {
    const expired = 'validUntil="2026-01-31T00:00:00Z"';
    expect(() => read(group(group(provider('a'), expired) + provider('b')), 'a')).toThrow('it expired at 2026-01-31');
    expect(read(group(group(provider('a'), expired) + provider('b')), 'b').entityId).toBe('b');
  });

  test('is found in groups without attributes, with nothing between their tags', () => {
    const around = (inside: string) =>
      `<md:EntitiesDescriptor><md:EntitiesDescriptor>${inside}</md:EntitiesDescriptor></md:EntitiesDescriptor>`;
    expect(read(group(around(provider('a'))), 'a').entityId).toBe('a');
    const expired = group(provider('a'), 'validUntil="2026-01-31T00:00:00Z"');
    expect(() => read(group(around(expired)), 'a')).toThrow('it expired at 2026-01-31');
  });

  test('may also be the only one of the document', () => {
    expect(read(provider('a'), 'a').entityId).toBe('a');
  });

  test.each<[string, string, string]>([
    ['another one is asked for', group(provider('a')), 'it does not describe the entity "wanted"'],
    ['only one with a similar entity ID is there', group(provider('wanted\u00a0')), 'does not describe'],
    ['it comes twice', group(provider('wanted') + many + provider('wanted')), 'it describes the entity "wanted" twice'],
    ['it is an Identity Provider', group(idp('wanted')), 'it describes an Identity Provider, not a Service Provider'],
    ['the document ends too early', group(provider('wanted')).slice(0, -10), 'it is not acceptable XML: '],
    ['the document has a DTD', `<!DOCTYPE x []>${provider('wanted')}`, 'a document type declaration'],
    [
      'it is in a foreign namespace',
      group('<x:EntityDescriptor xmlns:x="urn:x" entityID="wanted"/>'),
      'does not describe',
    ],
  ])('is refused if %s', (_what, xml, reason) => {
    expect(() => read(xml, 'wanted')).toThrow(reason);
  });
});
