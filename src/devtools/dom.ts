/** The members of an element that the panel uses. The package is compiled without the types of the DOM. */
export interface Element {
  textContent: string | null;
  readonly lastElementChild: Element | null;
  readonly childElementCount: number;
  readonly children: ArrayLike<Element>;
  append(...nodes: (Element | string)[]): void;
  prepend(...nodes: (Element | string)[]): void;
  replaceChildren(...nodes: (Element | string)[]): void;
  remove(): void;
  setAttribute(name: string, value: string): void;
  toggleAttribute(name: string, isSet: boolean): void;
  addEventListener(type: string, listener: () => void): void;
  attachShadow(options: { mode: 'open' }): ShadowRoot;
}

interface ShadowRoot {
  adoptedStyleSheets: readonly StyleSheet[];
  append(...nodes: Element[]): void;
}

interface StyleSheet {
  replaceSync(css: string): void;
}

/** The part of a page that the panel uses. */
export interface Page {
  readonly document: { readonly body: Element | null; createElement(tag: string): Element };
  readonly CSSStyleSheet: new () => StyleSheet;
  requestAnimationFrame(work: () => void): number;
}

/** Returns the page; `undefined` during server rendering and in tests without a DOM. */
export function pageHere(): Page | undefined {
  const here: Partial<Page> = globalThis as object;
  return here.document === undefined || here.requestAnimationFrame === undefined ? undefined : (here as Page);
}

/** Creates an element. Texts never become markup. */
export function element(
  { document }: Page,
  tag: string,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Element | string)[]
): Element {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, value);
  created.append(...children);
  return created;
}
