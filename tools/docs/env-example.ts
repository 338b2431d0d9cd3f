import { ENVIRONMENT_ONLY, type SettingName, settingsSchema } from '../../src/config.ts';
import { type SettingMeta, settingMeta } from './settings-page.ts';

const WIDTH = 110;

/** Breaks a text into comment lines. Links become the paths of the pages. */
function comment(text: string): string[] {
  const words = text
    .replaceAll(/\[[^\]]+\]\(([^)]+)\)/g, 'docs/$1')
    .replaceAll('**', '')
    .split(/\s+/);
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= WIDTH) lines.push(`# ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

function entry(name: SettingName, { purpose, accepted, defaultText }: SettingMeta): string {
  const without = defaultText === undefined ? [] : comment(`Default: ${defaultText}`);
  // A default is shown as the value; a setting without one is left empty, which counts as not given.
  const value = defaultText === undefined ? settingsSchema.parse({})[name] : '';
  return [...comment(purpose), ...comment(`Value: ${accepted}`), ...without, `#${name}=${value}`].join('\n');
}

/** @returns .env.example: every setting of src/config.ts, commented out, with what it is for and what it accepts */
export function envExample(): string {
  const names = (Object.keys(settingsSchema.shape) as SettingName[]).filter(
    (name) => !ENVIRONMENT_ONLY.some((one) => one === name),
  );
  return [
    '# Copy to .env and set what you need. Generated from src/config.ts by `npm run docs`.',
    ...names.map((name) => entry(name, settingMeta(name))),
    '',
  ].join('\n\n');
}
