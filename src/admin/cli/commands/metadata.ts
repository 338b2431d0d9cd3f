import { Command } from 'commander';
import { operate } from '../operate.ts';

/** `ic-idp metadata <biller>` */
export function metadataCommand(): Command {
  return new Command('metadata')
    .description('Print the IdP metadata of a biller, as its Metadata URL serves it')
    .argument('<biller>', 'slug of the biller')
    .option('--json', 'print it as a JSON string in {"metadata"}')
    .addHelpText('after', '\nExample:\n  ic-idp metadata riverton-water > metadata/idp-riverton-water.xml')
    .action(async (slug: string, options: { json?: boolean }) => {
      const result = await operate('biller.metadata', { slug });
      process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : result.metadata);
    });
}
