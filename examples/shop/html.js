// @ts-check
// HTML without a framework: values are escaped by themselves.

/** HTML that may be shown as it is. */
class Html {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
}

/** @typedef {string | number | undefined | Html | Html[]} Value */

/** @param {Value} value @returns {string} */
const shown = (value) => {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(shown).join('');
  return String(value ?? '').replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
};

/**
 * A template of HTML: its values are escaped, unless they are HTML themselves.
 *
 * @param {TemplateStringsArray} parts
 * @param {Value[]} values
 */
export const html = (parts, ...values) => new Html(String.raw({ raw: parts }, ...values.map(shown)));

/**
 * An amount in the minor unit of its currency, for people: 4900 EUR is €49.00.
 *
 * @param {number} amount
 * @param {string} currency
 */
export function money(amount, currency) {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  return format.format(amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

/**
 * A whole page.
 *
 * @param {string} title
 * @param {Value} content
 * @param {{ refresh?: boolean }} [options] refresh: it loads itself again every second
 */
export const page = (title, content, { refresh = false } = {}) =>
  html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
${refresh ? html`<meta http-equiv="refresh" content="1">` : undefined}
<link rel="icon" href="data:,">
<title>${title}</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui; }
body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
a { color: inherit; }
button, select, input { font: inherit; padding: 0.25rem 0.75rem; }
</style>
<main>
<h1>${title}</h1>
${content}
</main>
</html>
`.text;
