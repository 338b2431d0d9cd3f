/**
 * The first Ctrl-C ends the run after what is being done; the second one ends it immediately.
 *
 * @param doing e.g. "this biller"
 * @param continues what the same command does then
 */
export function stopOnInterrupt(
  doing = 'this biller',
  continues = 'continue with the others',
): { readonly stopped: boolean; release(): void } {
  const state = { stopped: false, release: () => void process.off('SIGINT', interrupt) };
  function interrupt() {
    if (state.stopped) process.exit(130);
    state.stopped = true;
    console.error(`Stopping after ${doing}. Run the same command again to ${continues}.`);
  }
  process.on('SIGINT', interrupt);
  return state;
}
