import { C14nCanonicalization, ExclusiveCanonicalization } from 'xml-crypto';
import { EXCLUSIVE_C14N } from '../names.ts';

const C14N_10 = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
const C14N_11 = 'http://www.w3.org/2006/12/xml-c14n11';
/** The PrefixList token for the default namespace (Exclusive C14N 1.0, 3). */
const DEFAULT = '#default';

type Options = Parameters<ExclusiveCanonicalization['process']>[1];

/** The default namespace that an element declares, or inherits within the same tree. */
function defaultNamespaceAt(element: Element): string | undefined {
  let at: Element | null = element;
  while (at?.nodeType === 1) {
    const declared = at.getAttributeNode('xmlns');
    if (declared) return declared.value;
    at = at.parentNode as Element | null;
  }
  return undefined;
}

/** Namespaces are sorted by code point (Canonical XML 1.0, 2.2), not by locale. */
function nsCompare({ prefix: one }: { prefix: string }, { prefix: other }: { prefix: string }): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

class InclusiveC14n extends C14nCanonicalization {
  override nsCompare = nsCompare;
}

/** xml-crypto's canonicalization ignores `#default`. Here it renders the default namespace as inclusive C14N does. */
class ExclusiveC14n extends ExclusiveCanonicalization {
  /** The default namespace in scope of an element that was detached from its document. */
  #around = '';

  override nsCompare = nsCompare;

  override process(element: Element, options: Options): string {
    const above = options.ancestorNamespaces ?? [];
    this.#around = above.find(({ prefix }) => prefix === '')?.namespaceURI ?? '';
    // xml-crypto would read an empty PrefixList as the default namespace's name, and declare it under an empty prefix.
    return super.process(element, { ...options, ancestorNamespaces: above.filter(({ prefix }) => prefix !== '') });
  }

  override renderNs(
    element: Element,
    inScope: unknown,
    rendered: string,
    known: unknown,
    prefixes: string[],
  ): ReturnType<ExclusiveCanonicalization['renderNs']> {
    const own = super.renderNs(element, inScope, rendered, known, prefixes);
    // An element without a prefix uses the default namespace, so it is rendered anyway.
    if (!element.prefix || !prefixes.includes(DEFAULT)) return own;
    const namespace = defaultNamespaceAt(element) ?? this.#around;
    if (namespace === rendered) return own;
    return { rendered: ` xmlns="${namespace}"${own.rendered}`, newDefaultNs: namespace };
  }
}

/** How to run a canonicalization that a signature names. */
interface Canonicalization {
  /** A list of prefixes is the only parameter allowed (Exclusive C14N 1.0, 4). */
  readonly acceptsPrefixes: boolean;
  readonly algorithm: typeof ExclusiveC14n | typeof InclusiveC14n;
}

const exclusive: Canonicalization = { acceptsPrefixes: true, algorithm: ExclusiveC14n };
const inclusive: Canonicalization = { acceptsPrefixes: false, algorithm: InclusiveC14n };

/**
 * Canonicalizations by identifier. SAML core, 5.4.3 calls for the exclusive one; XML Signature 1.1, 6.5 requires
 * verifiers to support the inclusive ones. The variants with and without comments give the same result, because
 * messages with comments are refused earlier. C14N 1.1 differs from 1.0 only in attributes such as xml:base around the
 * signed part, and such messages are refused.
 */
export const CANONICALIZATIONS: ReadonlyMap<string, Canonicalization> = new Map([
  [EXCLUSIVE_C14N, exclusive],
  [`${EXCLUSIVE_C14N}WithComments`, exclusive],
  [C14N_10, inclusive],
  [`${C14N_10}#WithComments`, inclusive],
  [C14N_11, inclusive],
  [`${C14N_11}#WithComments`, inclusive],
]);
