import { Command } from 'commander';
import pLimit from 'p-limit';
import { escapeControls, escapeControlsInJson } from '../../../../platform/errors/escape-controls.ts';
import { InputError } from '../../../../platform/errors/idp-error.ts';
import type { OperationResult } from '../../../operations/registry.ts';
import { differenceLines } from '../../confirm-change.ts';
import { withOperations } from '../../operate.ts';
import { JSON_OPTION } from '../../output.ts';

/** URLs that are fetched at the same time. */
const AT_ONCE = 8;

type Refreshed = OperationResult<'biller.refresh'>;

function inWords({ slug, metadataUrl, findings, differences, taken }: Refreshed): string {
  const source = metadataUrl === undefined ? 'its metadata has no URL; certificates checked' : 'as registered';
  const state = taken ? 'the signed metadata was taken over' : source;
  const lines = findings.map(({ finding }) => escapeControls(finding));
  const shown = differences.length === 0 ? [] : [differenceLines(differences)];
  const remedy = findings.some(({ kind }) => kind === 'metadata_changed')
    ? [`Take it over: ic-idp biller update ${slug} --reread-metadata`]
    : [];
  const all = findings.length === 0 || taken ? [state, ...lines] : lines;
  return [`${slug}: ${all.join('; ')}`, ...shown, ...remedy].join('\n');
}

/** `ic-idp biller refresh [biller...]` */
export function refreshCommand(): Command {
  return new Command('refresh')
    .description("Compare a Service Provider's metadata at its URL with what is registered, and check its certificates")
    .argument('[slug...]', 'the billers')
    .option('--all', 'every biller')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
The service does this by itself once a day. Nothing is changed, unless the biller has --refresh-metadata signed. The
exit code is 1 if there is anything to do.

Example:
  ic-idp biller refresh riverton-water`,
    )
    .action(async (slugs: string[], options: { all?: boolean; json?: boolean }) => {
      if (options.all === true && slugs.length > 0) throw new InputError('Give billers, or --all, not both.');
      if (options.all !== true && slugs.length === 0) throw new InputError('Give one or more billers, or --all.');
      const results = await withOperations(async (run) => {
        const all = options.all === true ? (await run('biller.list', {})).map(({ slug }) => slug) : new Set(slugs);
        const limit = pLimit(AT_ONCE);
        return Promise.all([...all].map((slug) => limit(() => run('biller.refresh', { slug }))));
      });
      if (options.json === true) console.log(escapeControlsInJson(JSON.stringify(results)));
      else for (const result of results) console.log(inWords(result));
      if (results.some(({ findings }) => findings.length > 0)) process.exitCode = 1;
    });
}
