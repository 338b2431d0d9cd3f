/** The first Ctrl-C ends the run after the current biller; the second one ends it immediately. */
export function stopOnInterrupt(): { readonly stopped: boolean; release(): void } {
  const state = { stopped: false, release: () => void process.off('SIGINT', interrupt) };
  function interrupt() {
    if (state.stopped) process.exit(130);
    state.stopped = true;
    console.error('Stopping after this biller. Run the same command again to continue with the others.');
  }
  process.on('SIGINT', interrupt);
  return state;
}
