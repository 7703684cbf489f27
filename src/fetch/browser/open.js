// Opens what is closed (details, accordions, tabs, also in shadow roots) without leaving the
// page, waits for what is loaded only then, and puts back what closes again when its neighbour
// opens. Answers with how many were opened.
(async () => {
  if (!document.body) return 0;
  const MOST = 200;
  const OUTSIDE = "header,nav,footer,form,menu,[role=navigation],[role=banner],[role=contentinfo],[role=menu],[role=menubar],[role=search],[role=dialog],[role=listbox],[role=combobox]";
  const HEAD = "h1,h2,h3,h4,h5,h6,dt,summary,[role=heading]";
  const NAMED = /accordion|collaps|expand|toggle|faq|disclosure/i;
  const until = performance.now() + 15000;
  const place = () => location.origin + location.pathname + location.search;
  const here = place();
  const rootOf = (element) => element.shadowRoot || (globalThis.closedRoots && globalThis.closedRoots.get(element)) || null;
  const roots = () => {
    const found = [document];
    for (let at = 0; at < found.length && found.length < 40; at++) {
      for (const element of found[at].querySelectorAll("*")) {
        const root = rootOf(element);
        if (root) found.push(root);
      }
    }
    return found;
  };
  const deep = (css) => roots().flatMap((root) => Array.from(root.querySelectorAll(css)));
  const shown = (element) => element.isConnected && element.getClientRects().length > 0;
  const plain = (text) => (text || "").replace(/\s+/g, " ").trim();
  const said = (root) => Array.from(root.children).map((child) => child.innerText || "").join(" ");
  const all = () => plain([document.body.innerText, ...roots().slice(1).map(said)].join(" "));
  const leads = (element) => {
    const link = element.closest("a[href]");
    return link !== null && !/^(?:#|javascript:)/i.test(link.getAttribute("href").trim());
  };
  const quiet = (most) => new Promise((done) => {
    let timer = setTimeout(end, 60);
    const last = setTimeout(end, most);
    const observer = new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(end, 60); });
    function end() { observer.disconnect(); clearTimeout(timer); clearTimeout(last); done(); }
    for (const root of roots()) observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  // What a button opens is often asked for only then.
  const filled = async (element, most) => {
    const end = Math.min(performance.now() + most, until);
    while (performance.now() < end && element() && !plain(element().innerText)) await new Promise((go) => setTimeout(go, 50));
  };
  const region = (button) => {
    const named = button.getAttribute("aria-controls");
    const root = button.getRootNode();
    const controlled = named && root.getElementById && root.getElementById(named.trim().split(/\s+/)[0]);
    if (controlled) return controlled;
    if (button.getAttribute("role") === "tab") {
      return Array.from(root.querySelectorAll("[role=tabpanel]")).find(shown) || null;
    }
    // What stands behind it, or behind the heading that it is; nothing that is a button itself.
    for (let at = button; at && at !== document.body; at = at.parentElement) {
      const next = at.nextElementSibling;
      if (next) return next.matches(HEAD + ",button,[aria-expanded]") || next.querySelector("[aria-expanded]") ? null : next;
    }
    return null;
  };
  let opened = 0;
  const closedDetails = deep("details:not([open])").slice(0, MOST);
  for (const details of closedDetails) {
    // Of those with a name, only one may be open.
    details.removeAttribute("name");
    details.open = true;
    opened += 1;
  }
  const bare = (details) => {
    const summary = details.querySelector("summary");
    return plain(details.innerText) === plain(summary ? summary.innerText : "");
  };
  if (closedDetails.some(bare)) {
    const end = performance.now() + 3000;
    while (performance.now() < end && closedDetails.some(bare)) await new Promise((go) => setTimeout(go, 100));
  }
  const kept = [];
  const name = (button) => [plain(button.innerText || button.getAttribute("aria-label")), button.getAttribute("aria-controls") || "", button.tagName].join("\n");
  // A button that was drawn anew is the one with the same words.
  const names = new WeakMap();
  const called = (button) => names.get(button) || name(button);
  // Naming takes a layout; what is far too long for a button is not named.
  const short = (element) => element.textContent.length < 4000;
  const alike = (one, other) => one.tagName === other.tagName && one.getAttribute("aria-controls") === other.getAttribute("aria-controls");
  const twin = (button) =>
    button.isConnected ? button :
      deep("[aria-expanded],[role=tab],[class]").find((other) => alike(other, button) && short(other) && name(other) === called(button)) || null;
  const keep = (button) => {
    const found = region(button);
    const text = found && shown(found) ? plain(found.innerText) : "";
    if (text && !found.contains(button)) kept.push({ button, found, text, copy: found.cloneNode(true) });
  };
  const press = async (button) => {
    names.set(button, name(button));
    button.click();
    opened += 1;
    await quiet(400);
    if (place() !== here) { history.back(); await quiet(1000); return false; }
    const now = twin(button);
    if (!now) return true;
    names.set(now, called(button));
    await filled(() => { const at = twin(button); return at && at.getAttribute("aria-expanded") !== "false" ? region(at) : null; }, 2500);
    const at = twin(button);
    if (at) { names.set(at, called(button)); keep(at); }
    return true;
  };
  const pressed = new Map();
  const fit = (button) =>
    shown(button) && !leads(button) && !button.closest(OUTSIDE) &&
    !button.disabled && !/^(?:menu|listbox|dialog|tree|grid|true)$/.test(button.getAttribute("aria-haspopup") || "");
  // The first of those that was not pressed yet: of the same words, one after the other. Only
  // those are named and counted that could be buttons, closed or open.
  const next = (css, could, is) => {
    const seen = new Map();
    const all = deep(css).filter((one) => could(one) && short(one));
    if (!all.some((one) => is(one) && fit(one))) return null;
    for (const button of all) {
      if (performance.now() > until) return null;
      const key = name(button);
      const at = (seen.get(key) || 0) + 1;
      seen.set(key, at);
      if (at > (pressed.get(key) || 0) && is(button) && fit(button)) {
        pressed.set(key, at);
        return button;
      }
    }
    return null;
  };
  const isClosed = (button) => button.getAttribute("aria-expanded") === "false";
  let left = false;
  while (!left && opened < MOST && performance.now() < until) {
    const button = next("[aria-expanded]", () => true, isClosed);
    if (!button) break;
    left = !(await press(button));
  }
  // What is an accordion by its name only: something to press, with nothing to read behind it.
  const isPressable = (button) =>
    NAMED.test(button.className) && (button.tagName === "BUTTON" || getComputedStyle(button).cursor === "pointer");
  const isEmpty = (button) => {
    const behind = button.nextElementSibling;
    if (behind === null || button.hasAttribute("aria-expanded") || button.querySelector("[aria-expanded]")) return false;
    const label = plain(button.innerText);
    return label !== "" && label.length <= 200 && (!shown(behind) || !plain(behind.innerText));
  };
  const NAMES = "[class*=accordion i],[class*=collaps i],[class*=expand i],[class*=toggle i],[class*=faq i],[class*=disclosure i]";
  while (!left && opened < MOST && performance.now() < until) {
    const button = next(NAMES, isPressable, isEmpty);
    if (!button) break;
    left = !(await press(button));
  }
  for (const list of left ? [] : deep("[role=tablist]")) {
    const tabs = Array.from(list.querySelectorAll("[role=tab]")).filter(fit);
    const first = tabs.find((tab) => tab.getAttribute("aria-selected") === "true");
    if (first) keep(first);
    for (const tab of tabs) {
      if (opened >= MOST || performance.now() > until) break;
      if (tab !== first && !(await press(tab))) break;
    }
    if (first && tabs.length > 1) { first.click(); await quiet(400); }
  }
  // What is not to be seen any more stands behind what took its place, in the order of the page.
  let seen = all();
  const after = new Map();
  const anchorOf = (button) => {
    const at = twin(button);
    return at ? at.closest("[role=tablist]") || at.closest(HEAD) || at : null;
  };
  for (const { button, found, text, copy } of kept) {
    const key = anchorOf(button);
    if (seen.includes(text)) { if (found.isConnected && key) after.set(key, found); continue; }
    if (found.isConnected && !shown(found)) {
      found.replaceWith(copy);
      if (key) after.set(key, copy);
    } else {
      const anchor = after.get(key) || (found.isConnected ? found : key);
      copy.removeAttribute("id");
      (anchor && anchor.isConnected ? anchor : document.body.lastElementChild).after(copy);
      if (key) after.set(key, copy);
    }
    for (const hidden of [copy, ...copy.querySelectorAll("[hidden],[aria-hidden=true]")]) {
      hidden.removeAttribute("hidden");
      hidden.removeAttribute("aria-hidden");
      hidden.style.removeProperty("display");
    }
    seen = all();
  }
  return opened;
})()
