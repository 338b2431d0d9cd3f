// Adds a button to each value that copies it. Without this script the values can be selected as usual.
(() => {
  if (navigator.clipboard === undefined) return;
  for (const value of document.querySelectorAll('[data-copy]')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy';
    button.textContent = 'Copy';
    const named = value.closest('div, details')?.querySelector('dt, summary')?.textContent ?? '';
    button.setAttribute('aria-label', `Copy: ${named}`);
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(value.textContent);
      button.textContent = 'Copied';
      setTimeout(() => {
        button.textContent = 'Copy';
      }, 2000);
    });
    value.after(button);
  }
})();
