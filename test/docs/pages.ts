import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

/** Made from the run of the tests: a test that judged it could keep that run from making it current. */
const MADE_FROM_THE_RUN = 'docs/conformance.md';

/** Every page that is written for people: paths in the repository. */
export const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'certs/README.md',
  'metadata/README.md',
  ...['docs', 'docs/decisions'].flatMap((folder) =>
    readdirSync(join(ROOT, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`)
      .filter((path) => path !== MADE_FROM_THE_RUN),
  ),
];

export const readPage = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** A fenced block of code. */
interface Block {
  readonly language: string;
  readonly text: string;
}

/** @returns the fenced blocks of a page, in order */
function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({
    language,
    text,
  }));
}

const withoutBlocks = (markdown: string) => markdown.replaceAll(/^```[\s\S]*?^```$/gm, '');

/** @returns the targets of all links and pictures of a page, in Markdown or HTML */
export function linksOf(markdown: string): string[] {
  const text = withoutBlocks(markdown).replaceAll(/`[^`\n]*`/g, '');
  const written = [...text.matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset|href)="([^"]+)"/g)];
  return written.map(([, markdownTarget, htmlTarget]) => markdownTarget ?? htmlTarget ?? '');
}

/** @returns the anchors that GitHub makes of a page's headings */
export function anchorsOf(markdown: string): string[] {
  return [...withoutBlocks(markdown).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** @returns everything that a page shows as a command: the lines of its shell blocks, and its inline code */
export function commandsOf(markdown: string): string[] {
  const shell = blocksOf(markdown)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.replaceAll(/\\\n\s*/g, ' ').split('\n'));
  const inline = [...withoutBlocks(markdown).matchAll(/`([^`]+)`/g)].map(([, code = '']) =>
    code.replaceAll(/\s+/g, ' '),
  );
  return [...shell, ...inline].flatMap((line) => line.split('&&')).map((line) => line.trim());
}

/** @returns the files and folders of the project that a page names as code, e.g. `src/app.ts` */
export function pathsOf(markdown: string): string[] {
  const named = withoutBlocks(markdown).matchAll(/`((?:src|sandbox|demo|tools|bench|test|docs)\/[\w./-]*)`/g);
  return [...named].map(([, path = '']) => path);
}
