// Posts the form marked with data-auto-submit once. Whoever comes back to the page, or loads it again, gets a button
// instead: the answer in the form is good for one use, and sending it on its own again would only earn an error.
(() => {
  const form = document.querySelector('form[data-auto-submit]');
  const heading = document.querySelector('h1[data-when-offered]');
  const button = form.querySelector('button');
  let timer;

  const offerButton = () => {
    clearTimeout(timer);
    form.dataset.autoSubmit = 'offered';
    heading.textContent = heading.dataset.whenOffered;
    button.disabled = false;
    button.focus();
  };

  const markSent = () => {
    form.dataset.autoSubmit = 'sent';
    button.disabled = true;
    // Still here: the person pressed Stop, or nobody answers. They may try again by hand.
    timer = setTimeout(offerButton, 10_000);
  };

  form.addEventListener('submit', markSent);
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) offerButton();
  });

  const [navigation] = performance.getEntriesByType('navigation');
  if (navigation && (navigation.type === 'back_forward' || navigation.type === 'reload')) {
    offerButton();
  } else {
    // Before the load event, so that the next page takes this one's place in the history (HTML Standard, 7.4.2.2).
    form.submit();
    markSent();
  }
})();
