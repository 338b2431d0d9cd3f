// Sends the only form on the page. Without scripts, its button does the same.
document.forms[0].submit();
