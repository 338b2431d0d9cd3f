declare module 'ghtml' {
  /** Tags a template: expressions are escaped, those prefixed with `!` are inserted unchanged. Arrays are joined. */
  export function html(literals: TemplateStringsArray, ...expressions: readonly unknown[]): string;
}
