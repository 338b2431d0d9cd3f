// Runs in the browser, on the page under test. Its value is a list of problems, empty if there are none.
(() => {
  const wrong = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const visible = (element) => element.checkVisibility({ visibilityProperty: true });
  const name = (element) => `${element.tagName.toLowerCase()} "${element.textContent.trim().slice(0, 40)}"`;

  if (!document.documentElement.lang) wrong.push('no language');
  if (!document.title.trim()) wrong.push('no title');
  for (const landmark of ['header', 'main', 'footer']) {
    if (all(landmark).length !== 1) wrong.push(`not one ${landmark}`);
  }

  const levels = all('h1, h2, h3, h4').map((heading) => Number(heading.tagName[1]));
  if (levels[0] !== 1 || levels.filter((level) => level === 1).length !== 1) wrong.push('not one h1, first');
  if (levels.some((level, i) => i > 0 && level > levels[i - 1] + 1)) wrong.push(`heading levels skip: ${levels}`);

  const ids = all('[id]').map((element) => element.id);
  if (new Set(ids).size !== ids.length) wrong.push(`duplicate id: ${ids}`);
  for (const element of all('[aria-describedby], [aria-labelledby]')) {
    const ids = ['aria-describedby', 'aria-labelledby'].flatMap((of) => element.getAttribute(of)?.split(' ') ?? []);
    for (const id of ids) {
      if (!document.getElementById(id)) wrong.push(`${name(element)} refers to #${id}, which does not exist`);
    }
  }

  for (const element of all('input:not([type=hidden]), button, a, summary').filter(visible)) {
    const label = element.tagName === 'INPUT' ? element.labels[0]?.textContent : element.textContent;
    if (!label?.trim()) wrong.push(`${element.outerHTML} has no name`);
    const { width, height } = element.getBoundingClientRect();
    if (width < 44 || height < 44) wrong.push(`${name(element)} is ${width} by ${height} px, less than 44`);
    element.focus();
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    if (element.matches(':focus-visible') && (outlineStyle !== 'solid' || Number.parseFloat(outlineWidth) < 2)) {
      wrong.push(`${name(element)} shows no focus`);
    }
  }

  if (document.documentElement.scrollWidth > innerWidth) wrong.push('scrolls sideways');

  // WCAG 2.2, 1.4.3: the ratio of the relative luminances, at least 4.5 for any text.
  const colors = (css) => (css.match(/rgba?\([^)]+\)/g) ?? []).map((text) => text.match(/[\d.]+/g).map(Number));
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((c) => (c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ratio = (a, b) => {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  };
  const backgrounds = (element) => {
    const { backgroundColor, backgroundImage } = getComputedStyle(element);
    const found = [...colors(backgroundImage), ...colors(backgroundColor)].filter(([, , , alpha]) => alpha !== 0);
    return found.length > 0 || !element.parentElement ? found : backgrounds(element.parentElement);
  };
  for (const element of all('body *').filter(visible)) {
    const text = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (!text) continue;
    const [color] = colors(getComputedStyle(element).color);
    const under = backgrounds(element);
    if (under.length === 0) wrong.push(`${name(element)} has no background behind it`);
    for (const background of under) {
      const contrast = ratio(color, background);
      if (contrast < 4.5) wrong.push(`${name(element)} has a contrast of ${contrast.toFixed(2)}`);
    }
  }
  return wrong;
})();
