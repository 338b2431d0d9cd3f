/** The parts of JSON Schema that the description of the API uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly example?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

export interface Described {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses?: Readonly<Record<string, { readonly description?: string; readonly content?: Content }>>;
}

/** The parts of an OpenAPI document that the page shows. */
export interface ApiDescription {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly servers?: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** One line of the table of a body's fields. */
export interface Field {
  readonly path: string;
  readonly kind: string;
  readonly required: boolean;
  readonly description: string;
}

/** Reads schemas of one description, references included. */
export function schemaReader({ components }: ApiDescription) {
  const resolved = (schema: Schema): Schema => {
    const name = schema.$ref?.split('/').at(-1);
    const target = name === undefined ? undefined : components?.schemas?.[name];
    return target === undefined ? schema : { ...target, ...schema };
  };

  function kindOf(given: Schema): string {
    const schema = resolved(given);
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
    if (schema.anyOf !== undefined) return schema.anyOf.map(kindOf).join(' or ');
    const most = schema.maxLength ?? schema.maxItems;
    const limit = most === undefined ? '' : `, at most ${most.toLocaleString('en')}`;
    if (schema.items !== undefined) return `array of ${resolved(schema.items).type ?? 'values'}s${limit}`;
    return `${schema.type ?? 'value'}${schema.type === 'string' ? limit : ''}`;
  }

  /** @returns the fields at every depth, each by its path */
  function fieldsOf(given: Schema, path = ''): Field[] {
    const schema = resolved(given);
    if (schema.items !== undefined) return fieldsOf(schema.items, `${path}[]`);
    return Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => {
      const here = path === '' ? name : `${path}.${name}`;
      const { description = '' } = resolved(inner);
      const required = schema.required?.includes(name) ?? false;
      return [{ path: here, kind: kindOf(inner), required, description }, ...fieldsOf(inner, here)];
    });
  }

  /** @returns a value of the schema, made of its examples; undefined where there is none */
  function exampleOf(given: Schema): unknown {
    const schema = resolved(given);
    if (schema.example !== undefined) return schema.example;
    if (schema.items !== undefined) return [exampleOf(schema.items)];
    if (schema.properties === undefined) return undefined;
    const entries = Object.entries(schema.properties).map(([name, inner]) => [name, exampleOf(inner)] as const);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }

  return { fieldsOf, exampleOf };
}
