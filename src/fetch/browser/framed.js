// What stands in a frame of another site, or in one that scripts cannot look into, where the page around it is little more than its frame;
// null where that is not so. WHOLE is how long the text of the page is.
(() => {
  // What the page's own script can look into is taken from there.
  const own = (() => { try { return frameElement; } catch { return null; } })();
  if (own && own.tagName !== "EMBED") return null;
  const text = document.body ? document.body.innerText.trim() : "";
  if (text.length < 300 || text.length < WHOLE || innerWidth < 200 || innerHeight < 100) return null;
  // A short text is one where it has the room of a page and nothing to press or to write into:
  // chats, forms and dialogues do.
  if (text.length < 1000) {
    const shown = (element) => element.getClientRects().length > 0;
    if (innerWidth < 500 || innerHeight < 200) return null;
    if (Array.from(document.querySelectorAll("input,textarea,select,button,[role=button],[contenteditable]")).some(shown)) return null;
  }
  const body = document.body.cloneNode(true);
  for (const element of body.querySelectorAll("script,noscript,style,iframe,link,meta,base")) element.remove();
  return body.innerHTML.length > MOST ? null : body.innerHTML;
})()
