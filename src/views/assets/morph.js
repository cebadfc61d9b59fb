// Makes a part of the page be as another one, in place: what stays the same keeps its focus, its
// scrolling and its open dialogs.

/**
 * @param {Element} old
 * @param {Element} young
 */
export function morph(old, young) {
  morphAttributes(old, young)
  morphValue(old, young)
  const wanted = [...young.childNodes]
  for (const [place, node] of wanted.entries()) {
    const known = old.childNodes[place]
    if (known === undefined) old.append(document.importNode(node, true))
    else if (isSameKind(known, node)) morphNode(known, node)
    else known.replaceWith(document.importNode(node, true))
  }
  while (old.childNodes.length > wanted.length) old.lastChild?.remove()
}

/**
 * @param {Node} old
 * @param {Node} young
 */
function morphNode(old, young) {
  // What somebody is about to confirm stays as they read it.
  if (old instanceof HTMLDialogElement && old.open) return
  if (old instanceof Element && young instanceof Element) {
    if (!old.isEqualNode(young)) morph(old, young)
    else morphValue(old, young)
  } else if (old.nodeValue !== young.nodeValue) old.nodeValue = young.nodeValue
}

/**
 * @param {Node} old
 * @param {Node} young
 */
function isSameKind(old, young) {
  if (old.nodeType !== young.nodeType || old.nodeName !== young.nodeName) return false
  return !(old instanceof Element && young instanceof Element) || old.id === young.id
}

/**
 * @param {Element} old
 * @param {Element} young
 */
function morphAttributes(old, young) {
  for (const { name, value } of [...young.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  }
  for (const { name } of [...old.attributes]) {
    if (!young.hasAttribute(name)) old.removeAttribute(name)
  }
}

/**
 * What stands in a field, unless somebody is writing there.
 *
 * @param {Element} old
 * @param {Element} young
 */
function morphValue(old, young) {
  if (old === document.activeElement) return
  if (old instanceof HTMLInputElement || old instanceof HTMLTextAreaElement || old instanceof HTMLSelectElement) {
    const { value } = /** @type {typeof old} */ (young)
    if (old.value === value) return
    // A list takes a value only once it has the option; its options are children, which come later.
    if (old instanceof HTMLSelectElement) queueMicrotask(() => Object.assign(old, { value }))
    else old.value = value
  }
}
