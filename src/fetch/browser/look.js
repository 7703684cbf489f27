// How much there is to read, for telling whether more is coming: the page's text, and that of
// open shadow roots and of frames of the same site, which it does not hold.
(() => {
  const parts = [document.body ? document.body.innerText : ""];
  const within = (root, depth) => {
    if (depth > 4) return;
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) {
        parts.push(element.shadowRoot.textContent);
        within(element.shadowRoot, depth + 1);
      } else if (element.tagName === "IFRAME") {
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
  return { ready: document.readyState, href: location.href, length: text.length, words, hash };
})()
