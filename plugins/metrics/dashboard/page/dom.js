/** Building and changing the page. Data gets in as text only, never as HTML. */

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: `el("p", {class: "note"}, "text", child)`; `on…` are listeners. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Make an element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else set(node, name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Set an attribute if it differs; `null`, `undefined` and `false` take it away. */
export function set(node, name, value) {
  if (value === null || value === undefined || value === false) {
    node.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/** Set a text if it differs, so that nothing is drawn or read out anew without need. */
export function say(node, text) {
  const wanted = String(text ?? "");
  if (node.textContent !== wanted) node.textContent = wanted;
}

/** Show or hide. */
export function show(node, shown) {
  if (node.hidden === Boolean(shown)) node.hidden = !shown;
}

/**
 * Make the children of `parent` stand for `items`, in their order.
 *
 * A child stays the same node as long as `keyOf` its item is the same, so that focus and hover
 * stay. `make(item)` returns a node, `update(node, item, index)` changes it.
 */
export function sync(parent, items, keyOf, make, update) {
  const before = parent.keyed ?? new Map();
  const after = new Map();
  items.forEach((item, index) => {
    const key = `${keyOf(item, index)}`;
    if (after.has(key)) return;
    const node = before.get(key) ?? make(item);
    after.set(key, node);
    update(node, item, index);
    const there = parent.children[after.size - 1];
    if (there !== node) parent.insertBefore(node, there ?? null);
  });
  for (const [key, node] of before) if (!after.has(key)) node.remove();
  parent.keyed = after;
}
