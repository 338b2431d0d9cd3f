// Offers to show the password that is being typed. Without this script the field works as it always does.
(() => {
  const field = document.querySelector('input[type="password"]');
  const button = document.querySelector('button[data-show-password]');
  button.hidden = false;

  const show = (visible) => {
    field.type = visible ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(visible));
  };

  button.addEventListener('click', () => show(field.type === 'password'));
  // A password manager remembers it only from a password field, and nobody should find it readable on the way back.
  field.form.addEventListener('submit', () => show(false));
})();
