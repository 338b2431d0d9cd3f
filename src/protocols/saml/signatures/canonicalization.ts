import { C14nCanonicalization, ExclusiveCanonicalization } from 'xml-crypto';
import { EXCLUSIVE_C14N } from '../names.ts';

const C14N_10 = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315';
const C14N_11 = 'http://www.w3.org/2006/12/xml-c14n11';
/** The token of a PrefixList that means the default namespace (Exclusive C14N 1.0, 3). */
const DEFAULT = '#default';

type Options = Parameters<ExclusiveCanonicalization['process']>[1];

/** The default namespace that an element declares or inherits from what is around it in the same tree. */
function defaultNamespaceAt(element: Element): string | undefined {
  let at: Element | null = element;
  while (at?.nodeType === 1) {
    const declared = at.getAttributeNode('xmlns');
    if (declared) return declared.value;
    at = at.parentNode as Element | null;
  }
  return undefined;
}

/** The order of namespaces is that of their code points (Canonical XML 1.0, 2.2), not of anybody's alphabet. */
function nsCompare({ prefix: one }: { prefix: string }, { prefix: other }: { prefix: string }): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

class InclusiveC14n extends C14nCanonicalization {
  override nsCompare = nsCompare;
}

/** xml-crypto's, which passes over `#default`: with it, the default namespace is rendered as in inclusive C14N. */
class ExclusiveC14n extends ExclusiveCanonicalization {
  /** The default namespace around an element that was taken out of its document. */
  #around = '';

  override nsCompare = nsCompare;

  override process(element: Element, options: Options): string {
    const above = options.ancestorNamespaces ?? [];
    this.#around = above.find(({ prefix }) => prefix === '')?.namespaceURI ?? '';
    // An empty PrefixList reads like the name of the default namespace, and would have it declared under no name.
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
    // An element without a prefix uses the default namespace, so that it is rendered anyway.
    if (!element.prefix || !prefixes.includes(DEFAULT)) return own;
    const namespace = defaultNamespaceAt(element) ?? this.#around;
    if (namespace === rendered) return own;
    return { rendered: ` xmlns="${namespace}"${own.rendered}`, newDefaultNs: namespace };
  }
}

/** How a canonicalisation that a signature names is done. */
interface Canonicalization {
  /** A list of prefixes is all that it may be told (Exclusive C14N 1.0, 4). */
  readonly takesPrefixes: boolean;
  readonly algorithm: typeof ExclusiveC14n | typeof InclusiveC14n;
}

const exclusive: Canonicalization = { takesPrefixes: true, algorithm: ExclusiveC14n };
const inclusive: Canonicalization = { takesPrefixes: false, algorithm: InclusiveC14n };

/**
 * The canonicalisations by their identifiers. SAML core, 5.4.3 wants the exclusive one, XML Signature 1.1, 6.5 the
 * inclusive ones from everybody who verifies. Comments make no difference: no message with one gets this far. C14N 1.1
 * differs from 1.0 in attributes like xml:base around what is signed, with which a message is refused.
 */
export const CANONICALIZATIONS: ReadonlyMap<string, Canonicalization> = new Map([
  [EXCLUSIVE_C14N, exclusive],
  [`${EXCLUSIVE_C14N}WithComments`, exclusive],
  [C14N_10, inclusive],
  [`${C14N_10}#WithComments`, inclusive],
  [C14N_11, inclusive],
  [`${C14N_11}#WithComments`, inclusive],
]);
