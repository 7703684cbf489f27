// What stands in a frame of another site, or in one that scripts cannot look into, where the page around it is little more than its frame;
// null where that is not so. WHOLE is how long the text of the page is.
(() => {
  // What the page's own script can look into is taken from there.
  const own = (() => { try { return frameElement; } catch { return null; } })();
  if (own && own.tagName !== "EMBED") return null;
  const text = document.body ? document.body.innerText.trim() : "";
  if (text.length < 1000 || text.length < WHOLE || innerWidth < 200 || innerHeight < 100) return null;
  const body = document.body.cloneNode(true);
  for (const element of body.querySelectorAll("script,noscript,style,iframe,link,meta,base")) element.remove();
  return body.innerHTML.length > MOST ? null : body.innerHTML;
})()
