import { html } from 'ghtml';
import { apiDocsStylesheet } from '../../../platform/http/pages/assets.ts';
import { layout } from '../../../platform/http/pages/layout.ts';
import { type ApiDescription, type Described, type Field, schemaReader } from './description.ts';

/** Text of the description, where backticks mark what is typed. */
const prose = (text: string) =>
  text
    .split('`')
    .map((part, position) => (position % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))
    .join('');

const anchorOf = (method: string, path: string) => `${method}-${path.replaceAll(/[^a-z]+/gi, '-')}`.toLowerCase();

function fieldTable(caption: string, fields: readonly Field[]): string {
  if (fields.length === 0) return '';
  return html`<div class="scrolls" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr><th scope="col">Field</th><th scope="col">Kind</th><th scope="col">Meaning</th></tr></thead>
<tbody>!${fields
    .map(
      (field) =>
        html`<tr><th scope="row"><code>${field.path}</code>!${field.required ? '' : '<br><span class="optional">optional</span>'}</th><td>${field.kind}</td><td>!${prose(field.description)}</td></tr>`,
    )
    .join('')}</tbody>
</table></div>`;
}

/** The page that shows the API: made of its OpenAPI description, with the project's own means. @returns HTML */
export function docsPage(api: ApiDescription): string {
  const { fieldsOf, exampleOf } = schemaReader(api);
  const server = api.servers?.[0]?.url ?? '';

  function callOf(method: string, path: string, { requestBody }: Described): string {
    const lines = [`curl -X ${method.toUpperCase()} ${server}${path.replaceAll(/\{(\w+)\}/g, 'u-1842')} \\`];
    lines.push(`  -H "Authorization: Bearer $API_KEY"`);
    const schema = requestBody?.content['application/json']?.schema;
    if (schema === undefined) return lines.join('\n');
    const body = JSON.stringify(exampleOf(schema), undefined, 2);
    return `${lines.join('\n')} \\\n  -H "Content-Type: application/json" \\\n  -d '${body}'`;
  }

  function operation(method: string, path: string, described: Described): string {
    const { summary = '', description = '', parameters = [], requestBody, responses = {} } = described;
    const given = parameters.map(
      (parameter): Field => ({
        path: parameter.name,
        kind: `${parameter.in}, ${parameter.schema.type ?? 'string'}`,
        required: parameter.required ?? false,
        description: parameter.description ?? parameter.schema.description ?? '',
      }),
    );
    const body = requestBody?.content['application/json']?.schema;
    const answers = Object.entries(responses);
    const results = answers.filter(([status]) => status.startsWith('2'));
    return html`<section class="card" id="${anchorOf(method, path)}">
<h2>${summary}</h2>
<p class="route"><span class="method">${method.toUpperCase()}</span> <code>${path}</code></p>
<p>!${prose(description)}</p>
!${fieldTable('In the path and the headers', given)}
!${body === undefined ? '' : fieldTable('In the body', fieldsOf(body))}
<pre tabindex="0"><code>${callOf(method, path, described)}</code></pre>
!${results
      .map(([status, { content }]) =>
        content?.['application/json'] === undefined
          ? ''
          : fieldTable(`In the answer (${status})`, fieldsOf(content['application/json'].schema)),
      )
      .join('')}
<h3>Answers</h3>
<dl class="answers">!${answers
      .map(([status, answer]) => html`<dt>${status}</dt><dd>!${prose(answer.description ?? '')}</dd>`)
      .join('')}</dl>
</section>`;
  }

  const all = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ method, path, described })),
  );
  const problem = api.components?.schemas?.Problem;
  return layout({
    title: 'API for portals',
    styles: apiDocsStylesheet.path,
    body: html`<div class="card">
<h1>API for portals</h1>
<p>!${prose(api.info.description ?? '')}</p>
<p>Version ${api.info.version}. The same for programs: <a href="/api/openapi.json">OpenAPI 3.1</a>.</p>
<nav aria-label="Calls"><ul>!${all
      .map(
        ({ method, path, described }) =>
          html`<li><a href="#${anchorOf(method, path)}">${described.summary ?? path}</a></li>`,
      )
      .join('')}</ul></nav>
</div>
!${all.map(({ method, path, described }) => operation(method, path, described)).join('')}
!${
      problem === undefined
        ? ''
        : html`<section class="card" id="problem"><h2>Errors</h2>
!${fieldTable('A problem document', fieldsOf(problem))}</section>`
    }`,
  });
}
