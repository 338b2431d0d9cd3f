import { registerHooks } from 'node:module';

const RELATIVE_FILE = /^\.\.?\/.*\.[jt]s$/;

let isRegistered = false;

/**
 * Makes Node use a relative import that has an extension without looking for it first. By default it checks the file and
 * resolves the links on its path at each of some 400 imports, a sixth of the time that a command takes. Imports by name,
 * and everything that is required, are still resolved by Node.
 */
export function resolveRelativeImportsDirectly(): void {
  if (isRegistered) return;
  isRegistered = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const { parentURL, conditions } = context;
      if (parentURL === undefined || !conditions.includes('import') || !RELATIVE_FILE.test(specifier)) {
        return nextResolve(specifier, context);
      }
      return { url: new URL(specifier, parentURL).href, shortCircuit: true };
    },
  });
}
