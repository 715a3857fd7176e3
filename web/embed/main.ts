// `/embed.js`: the elements for pages of other sites. Each loads what it draws with once a page has it.
import { FrontrowLine } from './line-element.ts';
import { FrontrowMap } from './map-element.ts';

const ELEMENTS = { 'frontrow-map': FrontrowMap, 'frontrow-line': FrontrowLine };

for (const [name, element] of Object.entries(ELEMENTS))
  if (customElements.get(name) === undefined) customElements.define(name, element); // the script may be loaded twice
