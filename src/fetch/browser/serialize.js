// The page as HTML: with what stands in open shadow roots and frames of the same site, and
// without what a browser with scripts does not show. What was taken in of frames gives way, the
// last first, where the page is longer than MOST bytes with it. Longer by itself: its length.
(() => {
  const rootOf = (element) => element.shadowRoot || (globalThis.closedRoots && globalThis.closedRoots.get(element)) || null;
  // Those of other sites are in their places already.
  const takenIn = [...(globalThis.takenIn || [])];
  const inline = (root, depth) => {
    if (depth > 8) return;
    for (const element of Array.from(root.querySelectorAll("*"))) {
      const root = rootOf(element);
      if (root) {
        inline(root, depth + 1);
        const box = document.createElement("div");
        box.append(...Array.from(root.childNodes).map((node) => node.cloneNode(true)));
        for (const slot of box.querySelectorAll("slot")) slot.replaceWith(...Array.from(slot.childNodes));
        element.prepend(box);
      } else if (/^(?:IFRAME|FRAME|OBJECT)$/.test(element.tagName)) {
        let inner = null;
        try { inner = element.contentDocument && element.contentDocument.body; } catch { /* another site's */ }
        if (inner && inner.innerText.trim().length > 200 && element.getClientRects().length) {
          inline(inner, depth + 1);
          const box = document.createElement("div");
          box.innerHTML = inner.innerHTML;
          element.replaceWith(box);
          takenIn.push(box);
        }
      }
    }
  };
  inline(document, 0);
  for (const element of document.querySelectorAll("noscript")) element.remove();
  const bytes = (text) => new TextEncoder().encode(text).length;
  // Nothing but frames may stand in a frameset; what was in them gets a body of its own, and those
  // that nothing was taken of stay in their order. In a document that loads nothing.
  const written = () => {
    const boxes = (frames) => Array.from(frames.querySelectorAll("div")).filter((box) => box.parentElement.tagName === "FRAMESET");
    // Where nothing was taken in, that there are frames is what it says.
    if (!document.body || document.body.tagName !== "FRAMESET" || !boxes(document.body).length) return document.documentElement.outerHTML;
    const whole = document.implementation.createHTMLDocument("").importNode(document.documentElement, true);
    const [frameset, body] = [whole.querySelector("frameset"), whole.ownerDocument.createElement("body")];
    for (const part of frameset.querySelectorAll("frame,div")) {
      if (part.parentElement.tagName !== "FRAMESET") continue;
      if (part.tagName === "DIV") { body.append(part); continue; }
      const frame = whole.ownerDocument.createElement("iframe");
      for (const name of ["src", "name", "title"]) if (part.hasAttribute(name)) frame.setAttribute(name, part.getAttribute(name));
      body.append(frame);
    }
    frameset.replaceWith(body);
    return whole.outerHTML;
  };
  const most = MOST - "<!doctype html>\n".length;
  let html = written();
  let over = bytes(html) - most;
  for (const box of takenIn.reverse()) {
    if (over <= 0) break;
    if (!box.isConnected) continue;
    over -= bytes(box.outerHTML);
    box.remove();
    if (over <= 0) { html = written(); over = bytes(html) - most; }
  }
  return over > 0 ? html.length : "<!doctype html>\n" + html;
})()
