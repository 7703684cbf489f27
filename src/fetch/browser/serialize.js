// The page as HTML: with what stands in open shadow roots and frames of the same site, and
// without what a browser with scripts does not show. Longer than MOST characters: its length.
(() => {
  const rootOf = (element) => element.shadowRoot || (globalThis.closedRoots && globalThis.closedRoots.get(element)) || null;
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
        }
      }
    }
  };
  inline(document, 0);
  if (document.body && document.body.tagName === "FRAMESET") {
    // Nothing but frames may stand there; what was in them gets a body of its own.
    const boxes = Array.from(document.body.querySelectorAll("div")).filter((box) => box.parentElement.tagName === "FRAMESET");
    // Where nothing was taken in, that there are frames is what it says.
    if (boxes.length) {
      const body = document.createElement("body");
      body.append(...boxes);
      document.body.replaceWith(body);
    }
  }
  for (const element of document.querySelectorAll("noscript")) element.remove();
  const html = "<!doctype html>\n" + document.documentElement.outerHTML;
  return html.length > MOST ? html.length : html;
})()
