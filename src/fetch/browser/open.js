// Opens what is closed (details, accordions, tabs) without leaving the page, and puts back
// what closes again when its neighbour opens. Answers with how many were opened.
(async () => {
  if (!document.body) return 0;
  const MOST = 200;
  const OUTSIDE = "header,nav,footer,form,menu,[role=navigation],[role=banner],[role=contentinfo],[role=menu],[role=menubar],[role=search],[role=dialog],[role=listbox],[role=combobox]";
  const until = performance.now() + 8000;
  const place = () => location.origin + location.pathname + location.search;
  const here = place();
  const shown = (element) => element.getClientRects().length > 0;
  const plain = (text) => (text || "").replace(/\s+/g, " ").trim();
  const leads = (element) => {
    const link = element.closest("a[href]");
    return link !== null && !/^(?:#|javascript:)/i.test(link.getAttribute("href").trim());
  };
  const quiet = (most) => new Promise((done) => {
    let timer = setTimeout(end, 60);
    const last = setTimeout(end, most);
    const observer = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(end, 60); });
    function end() { observer.disconnect(); clearTimeout(timer); clearTimeout(last); done(); }
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  const region = (button) => {
    const named = button.getAttribute("aria-controls");
    const controlled = named && document.getElementById(named.trim().split(/\s+/)[0]);
    if (controlled) return controlled;
    if (button.getAttribute("role") === "tab") {
      return Array.from(document.querySelectorAll("[role=tabpanel]")).find(shown) || null;
    }
    for (let at = button; at && at !== document.body; at = at.parentElement) {
      if (at.nextElementSibling) return plain(at.nextElementSibling.innerText) ? at.nextElementSibling : null;
    }
    return null;
  };
  let opened = 0;
  for (const details of document.querySelectorAll("details:not([open])")) { details.open = true; opened += 1; }
  const kept = [];
  const keep = (button) => {
    const found = region(button);
    const text = found && shown(found) ? plain(found.innerText) : "";
    if (text && !found.contains(button)) kept.push({ button, found, text, copy: found.cloneNode(true) });
  };
  const press = async (button) => {
    button.click();
    opened += 1;
    await quiet(400);
    if (place() !== here) { history.back(); await quiet(1000); return false; }
    keep(button);
    return true;
  };
  const pressed = new WeakSet();
  const fit = (button) =>
    !pressed.has(button) && shown(button) && !leads(button) && !button.closest(OUTSIDE) &&
    !button.disabled && !/^(?:menu|listbox|dialog|tree|grid|true)$/.test(button.getAttribute("aria-haspopup") || "");
  outer: for (let round = 0; round < 4; round++) {
    const closed = Array.from(document.querySelectorAll("[aria-expanded=false]")).filter(fit);
    if (!closed.length) break;
    for (const button of closed) {
      if (opened >= MOST || performance.now() > until) break outer;
      pressed.add(button);
      if (button.getAttribute("aria-expanded") === "false" && !(await press(button))) break outer;
    }
  }
  for (const list of document.querySelectorAll("[role=tablist]")) {
    const tabs = Array.from(list.querySelectorAll("[role=tab]")).filter(fit);
    const first = tabs.find((tab) => tab.getAttribute("aria-selected") === "true");
    if (first) keep(first);
    for (const tab of tabs) {
      if (opened >= MOST || performance.now() > until) break;
      pressed.add(tab);
      if (tab !== first && !(await press(tab))) break;
    }
    if (first && tabs.length > 1) { first.click(); await quiet(400); }
  }
  // What is not to be seen any more stands behind what took its place, in the order of the page.
  let seen = plain(document.body.innerText);
  const after = new Map();
  for (const { button, found, text, copy } of kept) {
    if (seen.includes(text)) { if (found.isConnected) after.set(button.closest("[role=tablist]") || button, found); continue; }
    if (found.isConnected && !shown(found)) {
      found.replaceWith(copy);
      after.set(button.closest("[role=tablist]") || button, copy);
    } else {
      const key = button.closest("[role=tablist]") || button;
      const anchor = after.get(key) || (found.isConnected ? found : key);
      copy.removeAttribute("id");
      (anchor.isConnected ? anchor : document.body.lastElementChild).after(copy);
      after.set(key, copy);
    }
    for (const hidden of [copy, ...copy.querySelectorAll("[hidden],[aria-hidden=true]")]) {
      hidden.removeAttribute("hidden");
      hidden.removeAttribute("aria-hidden");
      hidden.style.removeProperty("display");
    }
    seen = plain(document.body.innerText);
  }
  return opened;
})()
