// The page's words: English as they stand in the page, German where the browser asks for it.
const known = ["en", "de"];
export const language = navigator.languages.map((one) => one.slice(0, 2)).find((one) => known.includes(one)) || "en";
const catalogue = language === "en" ? {}
  : await (await fetch(new URL(`${language}.json`, import.meta.url))).json();

export function say(text, values = {}) {
  // Placeholders are in braces; a text that the catalogue lacks stays English.
  const words = Object.hasOwn(catalogue, text) ? catalogue[text] : text;
  return words.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

export function translate(page) {
  // What stands in the page itself: texts under data-say, and what names an element.
  page.documentElement.lang = language;
  page.title = say(page.title);
  for (const node of page.querySelectorAll("[data-say]")) node.textContent = say(node.textContent);
  for (const name of ["aria-label", "placeholder"]) {
    for (const node of page.querySelectorAll(`[${name}]`)) {
      node.setAttribute(name, say(node.getAttribute(name)));
    }
  }
}
