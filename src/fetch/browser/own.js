// How many words the page says itself: what stands in its menus, its head and foot and in
// dialogues is no text of it. Of scripts without blanks, two characters are about a word.
(() => {
  if (!document.body) return 0;
  const BESIDE = "nav,header,footer,aside,dialog,[role=dialog],[role=navigation],[role=banner],[role=contentinfo]";
  const words = (text) => {
    const held = text.slice(0, 20000);
    return (held.match(/\S+/g) || []).length + (held.match(/[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]/g) || []).length / 2;
  };
  const outermost = Array.from(document.querySelectorAll(BESIDE)).filter((element) => !element.parentElement || !element.parentElement.closest(BESIDE));
  const beside = outermost.slice(0, 200).map((element) => element.innerText || "").join(" ");
  return Math.max(0, Math.round(words(document.body.innerText) - words(beside)));
})()
