// How much there is to read, for telling whether more is coming.
(() => {
  const body = document.body;
  const text = body ? body.innerText : "";
  let hash = 0;
  for (let i = 0; i < text.length; i += 1 + (text.length >> 14)) hash = (hash * 31 + text.charCodeAt(i)) | 0;
  const words = (text.slice(0, 20000).match(/\S+/g) || []).length;
  return { ready: document.readyState, href: location.href, length: text.length, words, hash };
})()
