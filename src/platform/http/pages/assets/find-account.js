// Narrows a long list of accounts to those that contain what is typed. Without this script the whole list is there.
(() => {
  const box = document.querySelector('[data-find]');
  const field = box.querySelector('input');
  const status = box.querySelector('[role="status"]');
  const rows = [...document.querySelectorAll('[data-account]')];
  const plain = (text) => text.toLowerCase().replace(/[\s-]/g, '');

  const narrow = () => {
    const wanted = plain(field.value);
    let shown = 0;
    for (const row of rows) {
      const matches = plain(row.dataset.account).includes(wanted);
      row.hidden = !matches;
      if (matches) shown += 1;
    }
    status.textContent = wanted === '' ? '' : `${shown} of ${rows.length} accounts`;
  };

  box.hidden = false;
  field.addEventListener('input', narrow);
  // The field keeps its text on the way back; Enter in it must not send the form.
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') event.preventDefault();
  });
  narrow();
})();
