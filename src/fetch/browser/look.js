// How much there is to read, for telling whether more is coming: the page's text, and that of
// open shadow roots and of frames of the same site, which it does not hold.
(() => {
  const rootOf = (element) => element.shadowRoot || (globalThis.closedRoots && globalThis.closedRoots.get(element)) || null;
  const parts = [document.body ? document.body.innerText : ""];
  const within = (root, depth) => {
    if (depth > 4) return;
    for (const element of root.querySelectorAll("*")) {
      const root = rootOf(element);
      if (root) {
        parts.push(Array.from(root.children).filter((child) => !/^(?:STYLE|SCRIPT)$/.test(child.tagName)).map((child) => child.innerText || "").join(" "));
        within(root, depth + 1);
      } else if (/^(?:IFRAME|FRAME|OBJECT)$/.test(element.tagName)) {
        try {
          if (element.contentDocument && element.contentDocument.body) parts.push(element.contentDocument.body.innerText);
        } catch { /* another site's */ }
      }
    }
  };
  within(document, 0);
  const text = parts.join(" ");
  let hash = 0;
  for (let i = 0; i < text.length; i += 1 + (text.length >> 14)) hash = (hash * 31 + text.charCodeAt(i)) | 0;
  const words = (text.slice(0, 20000).match(/\S+/g) || []).length;
  const scripts = document.scripts.length > 0;
  return { ready: document.readyState, scripts, href: location.href, length: text.length, words, hash };
})()
