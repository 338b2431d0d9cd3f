import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childrenNamed, parseXml, XmlError } from '../../../../src/protocols/saml/reading/xml.ts';

/** @returns why a document was refused, or 'accepted' */
function kindOf(text: string, comments: 'refuse' | 'between' | 'drop' = 'refuse'): string {
  try {
    parseXml(text, { comments });
  } catch (error) {
    if (error instanceof XmlError) return error.kind;
    throw error;
  }
  return 'accepted';
}

describe('a document', () => {
  test('is read into elements with their namespaces, attributes and text (XML Namespaces 1.0)', () => {
    const root = parseXml(
      '<?xml version="1.0" encoding="UTF-8"?>\n<a:r xmlns:a="urn:a" xmlns="urn:d" x="1" a:x="2">t<b y=\'&lt;&#x41;&#10;\'/>u<c xmlns=""><![CDATA[<&]]></c></a:r>\n',
    );
    expect(root).toEqual({
      namespace: 'urn:a',
      name: 'r',
      // a:x is a different attribute from x.
      attributes: new Map([['x', '1']]),
      text: 'tu',
      children: [
        { namespace: 'urn:d', name: 'b', attributes: new Map([['y', '<A\n']]), text: '', children: [] },
        { namespace: '', name: 'c', attributes: new Map(), text: '<&', children: [] },
      ],
    });
  });

  test('finds children, not grandchildren, by qualified name', () => {
    const root = parseXml('<r xmlns="urn:a" xmlns:b="urn:b"><x n="1"><x n="2"/></x><b:x n="3"/><x n="4"/></r>');
    expect(childrenNamed(root, 'urn:a', 'x').map(({ attributes }) => attributes.get('n'))).toEqual(['1', '4']);
    expect(childrenNamed(root, 'urn:b', 'x').map(({ attributes }) => attributes.get('n'))).toEqual(['3']);
  });

  test.each([
    '<r/>',
    '\uFEFF<r/>',
    ' \n<r/> \n',
    '<?xml version="1.0"?><r/>',
    '<?xml version="1.0" standalone="yes"?><r/>',
  ])('%j is accepted', (text) => {
    expect(kindOf(text)).toBe('accepted');
  });
});

test.each([
  ['an empty document type', '<!DOCTYPE r><r/>'],
  ['one with a system identifier', '<!DOCTYPE r SYSTEM "http://evil.example/x.dtd"><r/>'],
  ['one with a public identifier', '<!DOCTYPE r PUBLIC "-//X" "file:///etc/passwd"><r/>'],
  ['an internal entity', '<!DOCTYPE r [<!ENTITY e "x">]><r>&e;</r>'],
  ['an external entity', '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><r>&e;</r>'],
  ['a parameter entity', '<!DOCTYPE r [<!ENTITY % e SYSTEM "http://evil.example/"> %e;]><r/>'],
  [
    'exponential entity expansion',
    `<!DOCTYPE r [<!ENTITY a "ha">${'bcdefghij'.replace(/./g, (name) => `<!ENTITY ${name} "${`&${String.fromCharCode(name.charCodeAt(0) - 1)};`.repeat(10)}">`)}]><r>&j;</r>`,
  ],
  ['a default attribute', '<!DOCTYPE r [<!ATTLIST r ID CDATA "x">]><r/>'],
  ['a processing instruction before the root', '<?php x?><r/>'],
  ['one inside', '<r><?x y?></r>'],
  ['one after the root', '<r/><?x y?>'],
  ['a stylesheet', '<?xml version="1.0"?><?xml-stylesheet href="x"?><r/>'],
])(
  '%s is never accepted, with comments or without',
  { meta: { holds: ['IDP-016'], source: 'project rule' } },
  (_what, text) => {
    expect(kindOf(text)).toBe('forbidden');
    expect(kindOf(text, 'drop')).toBe('forbidden');
  },
);

test.each(['<!-- x --><r/>', '<r><!-- x --></r>', '<r/><!-- x -->', '<r>admin@example.com<!---->.evil.example</r>'])(
  'the comment in %s is refused in a message',
  { meta: { holds: ['IDP-016', 'IDP-032'], source: 'project rule' } },
  (text) => {
    expect(kindOf(text)).toBe('forbidden');
  },
);

test.each([
  '<!-- a --><r/>',
  '<r/><!-- a -->',
  '<r><!-- a --><c>value</c>\n <!-- b -->\n<d/></r>',
  '<r><c><!-- nothing --></c></r>',
  '<r><c><![CDATA[<!-- text -->]]></c></r>',
])('a comment between elements is passed over in a request: %s', (xml) => {
  expect(kindOf(xml, 'between')).toBe('accepted');
});

test.each([
  '<r><c>a<!-- -->b</c></r>',
  '<r><c><!-- -->a</c></r>',
  '<r><c>a<!-- --></c></r>',
  '<r><c>\u00a0<!-- --></c></r>',
  '<r><c><![CDATA[a]]><!-- -->b</c></r>',
  '<r>a<c/><!-- --></r>',
])('a comment inside a value is refused: %s', (xml) => {
  expect(kindOf(xml, 'between')).toBe('forbidden');
});

test('comments in metadata are dropped without splitting text', () => {
  const root = parseXml('<!-- a --><r>x<!-- b -->y<c/><!-- d --></r><!-- e -->', { comments: 'drop' });
  expect(root.text).toBe('xy');
  expect(root.children).toHaveLength(1);
});

test.each([
  ['nothing', ''],
  ['white space', ' \n '],
  ['text', 'hello'],
  ['JSON', '{"a":1}'],
  ['text before the root', 'x<r/>'],
  ['text after the root', '<r/>x'],
  ['two roots', '<r/><r/>'],
  ['two roots of two kinds', '<r></r><s></s>'],
  ['an unclosed element', '<r><a></r>'],
  ['a missing end tag', '<r><a>'],
  ['a mismatched end tag', '<r></s>'],
  ['an extra end tag', '<r></r></r>'],
  ['a truncated tag', '<r a="1'],
  ['a duplicate attribute', '<r a="1" a="2"/>'],
  ['a duplicate attribute under two prefixes', '<r xmlns:a="urn:x" xmlns:b="urn:x" a:x="1" b:x="2"/>'],
  ['an unquoted attribute', '<r a=1/>'],
  ['a bare less-than in an attribute', '<r a="<"/>'],
  ['a bare ampersand', '<r>a & b</r>'],
  ['an undeclared entity', '<r>&nbsp;</r>'],
  ['an unbound prefix', '<a:r/>'],
  ['an unbound attribute prefix', '<r a:b="1"/>'],
  ['the xmlns prefix bound', '<r xmlns:xmlns="urn:x"/>'],
  ['a prefix bound to nothing', '<r xmlns:a=""/>'],
  ['the end of CDATA in text', '<r>]]></r>'],
  ['truncated CDATA', '<r><![CDATA[x</r>'],
  ['a control character', '<r>\u0001</r>'],
  ['a control character by reference', '<r>&#1;</r>'],
  ['NUL by reference', '<r>&#0;</r>'],
  ['a surrogate by reference', '<r>&#xD800;</r>'],
  ['a reference beyond Unicode', '<r>&#x110000;</r>'],
  ['U+FFFF', '<r>\uFFFF</r>'],
  ['an XML declaration in the middle', '<r><?xml version="1.0"?></r>'],
  ['an XML declaration after white space', ' <?xml version="1.0"?><r/>'],
])(
  '%s is refused as not well-formed',
  { meta: { holds: ['IDP-016'], source: 'XML 1.0, 2.1; XML Namespaces 1.0' } },
  (_what, text) => {
    expect(kindOf(text)).not.toBe('accepted');
    expect(kindOf(text, 'drop')).not.toBe('accepted');
  },
);

test('elements may be nested fifty deep and no deeper', {
  meta: { holds: ['IDP-016'], source: 'project rule' },
}, () => {
  const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  expect(kindOf(nested(50))).toBe('accepted');
  expect(kindOf(nested(51))).toBe('forbidden');
  // A stack overflow would be a different error.
  expect(kindOf(nested(200_000))).toBe('forbidden');
});

test('a document may have four thousand elements and attributes and no more', {
  meta: { holds: ['IDP-016'], source: 'project rule' },
}, () => {
  const flat = (count: number) => `<r>${'<a/>'.repeat(count - 1)}</r>`;
  expect(kindOf(flat(4_000))).toBe('accepted');
  expect(kindOf(flat(4_001))).toBe('forbidden');
  const wide = (count: number) => `<r ${Array.from({ length: count - 1 }, (_, index) => `a${index}="1"`).join(' ')}/>`;
  expect(kindOf(wide(4_000))).toBe('accepted');
  expect(kindOf(wide(4_001))).toBe('forbidden');
});

test.each(['=', '&#65;', '\n', '\r', '\t'])(
  'a document may contain %j ten thousand times and no more',
  { meta: { holds: ['IDP-016'], source: 'project rule' } },
  (costly) => {
    const filled = (count: number) => `<r>${costly.repeat(count)}</r>`;
    expect(kindOf(filled(10_000))).toBe('accepted');
    expect(kindOf(filled(10_001))).toBe('forbidden');
  },
);

test('any text is either parsed or refused with a known error', () => {
  const piece = fc.constantFrom(
    ...['<', '>', '/', '"', "'", '=', '&', ';', '!', '?', '--', '[', ']]>', '<![CDATA[', '<!DOCTYPE', '<?xml '],
    ...['xmlns', ':', 'a', '#x', '0', ' ', '\n', '<a>', '</a>', '<a b="c">', '\u0000', '\uD800', '😀'],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      expect(['accepted', 'forbidden', 'malformed']).toContain(kindOf(pieces.join('')));
    }),
    { seed: 16, numRuns: 3000 },
  );
});
