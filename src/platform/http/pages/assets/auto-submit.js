// Posts the form marked with data-auto-submit once. A visit by Back or Reload shows a button
// instead: the Response in the form works once, and submitting it automatically again would only cause an error.
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
    // Still here: the person pressed Stop, or nothing answered. They may try again by hand.
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
