// A tiny keyed DOM: h() describes elements, patch() makes a container match the description.
//
// It is all the page needs and no more: no components, no state, no lifecycle. Text always goes
// in as text nodes, never as markup, so nothing that came over the network can become an element.
// Styles are set one property at a time through the CSSOM, which a strict Content-Security-Policy
// allows. An element keeps its identity as long as its tag and key stay, so that a playing video,
// a focused input or a scrolled list is never torn down by a redraw.

type Handler = (event: never) => void;
type PropValue = string | number | boolean | null | undefined | Handler | object;
export type Props = { [name: string]: PropValue };
export type Child = VNode | string | number | null | undefined | false | Child[];

export interface VNode {
  readonly tag: string;
  readonly key: string | null;
  readonly props: Props;
  readonly children: readonly (VNode | string)[];
}

const kSvgNamespace = 'http://www.w3.org/2000/svg';
/** Set as properties of the element, not as attributes. */
const kProperties = new Set([
  'value', 'checked', 'disabled', 'hidden', 'muted', 'srcObject', 'selected', 'open', 'volume',
  'scrollTop', 'indeterminate',
]);

interface Live {
  vnode: VNode;
}
const live = new WeakMap<Element, Live>();

function flatten(children: Child[], into: (VNode | string)[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) flatten(child, into);
    else into.push(typeof child === 'number' ? String(child) : child);
  }
}

export function h(tag: string, props: Props | null, ...children: Child[]): VNode {
  const flat: (VNode | string)[] = [];
  flatten(children, flat);
  const key = props?.['key'];
  return {
    tag,
    key: key === undefined || key === null ? null : String(key),
    props: props ?? {},
    children: flat,
  };
}

/** Makes the children of `container` what `nodes` says. */
export function patch(container: Element, nodes: Child): void {
  const flat: (VNode | string)[] = [];
  flatten([nodes], flat);
  patchChildren(container, flat, container.namespaceURI === kSvgNamespace);
}

function patchChildren(parent: Node, wanted: readonly (VNode | string)[], svg: boolean): void {
  const keyed = new Map<string, Element>();
  const loose: ChildNode[] = [];
  for (const node of Array.from(parent.childNodes)) {
    const key = node instanceof Element ? live.get(node)?.vnode.key : null;
    if (!key || !(node instanceof Element)) loose.push(node);
    else if (keyed.has(key)) node.remove(); // two of one key: the first is kept
    else keyed.set(key, node);
  }
  let looseIndex = 0;
  const takeLoose = (fits: (node: ChildNode) => boolean): ChildNode | null => {
    for (let i = looseIndex; i < loose.length; i++) {
      const node = loose[i];
      if (node && fits(node)) {
        // What lies between is not wanted in this order any more.
        for (; looseIndex < i; looseIndex++) loose[looseIndex]?.remove();
        looseIndex = i + 1;
        return node;
      }
    }
    return null;
  };

  const kept: ChildNode[] = [];
  for (const want of wanted) kept.push(realise(want, keyed, takeLoose, svg));
  for (; looseIndex < loose.length; looseIndex++) loose[looseIndex]?.remove();
  for (const stale of keyed.values()) stale.remove();

  let at: ChildNode | null = parent.firstChild;
  for (const node of kept) {
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
}

function realise(
  want: VNode | string,
  keyed: Map<string, Element>,
  takeLoose: (fits: (node: ChildNode) => boolean) => ChildNode | null,
  svg: boolean,
): ChildNode {
  if (typeof want === 'string') {
    const node = takeLoose((n) => n.nodeType === Node.TEXT_NODE);
    if (!node) return document.createTextNode(want);
    if (node.nodeValue !== want) node.nodeValue = want;
    return node;
  }
  let found: Element | null = null;
  if (want.key !== null) {
    const candidate = keyed.get(want.key);
    if (candidate && live.get(candidate)?.vnode.tag === want.tag) {
      found = candidate;
      keyed.delete(want.key);
    }
  } else {
    const node = takeLoose((n) => n instanceof Element && live.get(n)?.vnode.tag === want.tag);
    found = node instanceof Element ? node : null;
  }
  if (found) {
    update(found, want, svg);
    return found;
  }
  return create(want, svg);
}

function create(want: VNode, svg: boolean): Element {
  const inSvg = svg || want.tag === 'svg';
  const element = inSvg
    ? document.createElementNS(kSvgNamespace, want.tag)
    : document.createElement(want.tag);
  live.set(element, { vnode: { ...want, props: {}, children: [] } });
  update(element, want, svg);
  const ref = want.props['ref'];
  if (typeof ref === 'function') (ref as (e: Element) => void)(element);
  return element;
}

function update(element: Element, want: VNode, svg: boolean): void {
  const record = live.get(element);
  if (!record) return;
  const before = record.vnode.props;
  const inSvg = (svg || want.tag === 'svg') && want.tag !== 'foreignObject';
  record.vnode = want;
  // Children first: a <select> takes its value only when its options are there.
  patchChildren(element, want.children, inSvg);
  for (const name of Object.keys(before)) {
    if (!(name in want.props)) setProp(element, name, before[name], undefined);
  }
  for (const [name, value] of Object.entries(want.props)) {
    setProp(element, name, before[name], value);
  }
}

function setProp(element: Element, name: string, before: PropValue, value: PropValue): void {
  if (name === 'key' || name === 'ref') return;
  if (name === 'style') return setStyle(element, before, value);
  if (kProperties.has(name) && name in element) {
    const target = element as unknown as Record<string, PropValue>;
    const next = value ?? (name === 'value' ? '' : name === 'srcObject' ? null : false);
    if (target[name] !== next) target[name] = next;
    return;
  }
  if (before === value) return;
  if (name.startsWith('on')) {
    const type = name.slice(2);
    if (typeof before === 'function') element.removeEventListener(type, before as EventListener);
    if (typeof value === 'function') element.addEventListener(type, value as EventListener);
    return;
  }
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? '' : String(value));
}

function setStyle(element: Element, before: PropValue, value: PropValue): void {
  const style = (element as HTMLElement | SVGElement).style;
  const old = (before ?? {}) as Record<string, string>;
  const next = (value ?? {}) as Record<string, string>;
  for (const name of Object.keys(old)) if (!(name in next)) style.removeProperty(name);
  for (const [name, text] of Object.entries(next)) {
    if (old[name] !== text) style.setProperty(name, text);
  }
}
