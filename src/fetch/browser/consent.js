// Presses one button of a consent dialogue that keeps the text from being read; the most
// sparing one that there is. Answers with what the button says, if one was pressed, and with
// what a frame of the page cannot know of it: WITHIN, there.
(() => {
  const within = WITHIN;
  const rootOf = (element) => element.shadowRoot || (globalThis.closedRoots && globalThis.closedRoots.get(element)) || null;
  const any = (...words) => new RegExp(words.join("|"), "i");
  // What a dialogue of this kind speaks of, in the languages whose policies we know.
  const CONSENT = any(
    "cookie|consent|gdpr|dsgvo|rgpd|\\brodo\\b", "einwilligung|zustimmung", "traceurs", "consentimiento", "consenso",
    "consentimento", "toestemming", "samtycke", "samtykke", "suostumu|eväst", "zgod|ciasteczk", "souhlas", "súhlas",
    "hozzájárul|süti", "consimț|consimţ", "съглас|бисквитк", "соглас|куки", "згод|погодж|суглас|сагласн", "συγκατάθεσ|συναίνεσ",
    "çerez|onayınız|rızanız", "sutikim|slapuk", "piekriš|sīkdat", "nõusolek|küpsis", "privol|pristanak|kolačić", "piškot",
    "クッキー|同意", "쿠키|동의", "موافق|ملفات تعريف", "הסכמ|עוגיות", "persetujuan", "ยินยอม|คุกกี้", "đồng ý",
  );
  const TOPIC = any(
    CONSENT.source, "tracking|privacy", "datenschutz", "confidentialit", "privacidad|privacidade", "riservatezza", "integritet|personvern",
    "prywatn", "soukrom|súkrom|osobních údajů", "adatvéd", "конфиденц|поверит|приватн|персональн", "απόρρητο", "gizlilik",
    "プライバシー", "개인정보", "隐私|隱私", "خصوصية", "פרטיות",
  );
  const [REJECT, ACCEPT] = [0, 3];
  const rankOf = RANK_OF;
  const all = (css, root) => Array.from(root.querySelectorAll(css)).slice(0, 400);
  const roots = [document];
  for (let at = 0; at < roots.length && roots.length < 40; at++) {
    for (const element of roots[at].querySelectorAll("*")) {
      const root = rootOf(element);
      if (root) roots.push(root);
    }
  }
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== "hidden";
  };
  const NAMED = "dialog[open],[role=dialog],[role=alertdialog],[aria-modal=true],[id*=cookie i],[class*=cookie i],[id*=consent i],[class*=consent i],[id*=onetrust i],[id*=didomi i],[id*=usercentrics i],[id*=cmp i]";
  const floats = (element) => ["fixed", "sticky", "absolute"].includes(getComputedStyle(element).position);
  const candidates = roots.flatMap((root) => [
    ...all(NAMED, root),
    ...all(root === document ? "body > *, body > * > *" : "*", root).filter(floats),
    ...(within && root === document && document.body ? [document.body] : []),
  ]);
  const whole = (document.body ? document.body.innerText : "").length;
  const locked = [document.documentElement, document.body].some((e) => e && getComputedStyle(e).overflowY === "hidden");
  const hides = (element) => {
    if (within) {
      const area = innerWidth * innerHeight;
      return innerWidth > 200 && innerHeight > 60 && (within.locked || within.whole < 600 || area > 0.25 * within.area);
    }
    const box = element.getBoundingClientRect();
    const seen = Math.max(0, Math.min(box.bottom, innerHeight) - Math.max(box.top, 0)) *
      Math.max(0, Math.min(box.right, innerWidth) - Math.max(box.left, 0));
    return locked || seen > 0.25 * innerWidth * innerHeight || whole - element.innerText.length < 600;
  };
  const labelOf = (button) => (button.innerText || button.value || button.getAttribute("aria-label") || "").trim().replace(/\s+/g, " ");
  const BUTTONS = "button,[role=button],input[type=button],input[type=submit],a";
  // A frame may be the dialogue itself, or hold the policy or a form: it is one if it says what
  // for, has both answers (or the one that says no, in so many words), and nothing to write into.
  const isDialogue = (body) => {
    // A field that nobody sees is a trap for robots, or waits for another day.
    const seen = (field) => shown(field) && field.getBoundingClientRect().right > 0 && field.getBoundingClientRect().bottom > 0;
    const fields = Array.from(body.querySelectorAll("input,textarea")).filter(seen);
    const written = fields.some((field) => /^(?:text|textarea|email|search|tel|url|password|number)$/.test(field.type));
    const labels = all(BUTTONS, body).filter(shown).map(labelOf).filter((label) => label.length <= 60);
    const [no, yes] = [REJECT, ACCEPT].map((rank) => labels.filter((label) => rankOf(label) === rank));
    return !written && CONSENT.test(body.innerText) && no.length > 0 && (yes.length > 0 || no.some((label) => CONSENT.test(label)));
  };
  const asking = candidates.filter((element) => {
    if (["HTML", "MAIN", "ARTICLE"].includes(element.tagName) || !shown(element)) return false;
    if (element.tagName === "BODY" && !(within && isDialogue(element))) return false;
    const text = element.innerText || "";
    return text.length > 10 && text.length < 6000 && TOPIC.test(text) && hides(element);
  });
  let best = null;
  for (const element of asking) {
    for (const button of all(BUTTONS, element)) {
      const label = labelOf(button);
      const href = button.tagName === "A" ? button.getAttribute("href") || "#" : "#";
      if (!label || label.length > 60 || !shown(button) || !/^(?:#|javascript:)/i.test(href)) continue;
      const rank = rankOf(label);
      if (rank >= 0 && (!best || rank < best.rank)) best = { rank, label, button };
    }
  }
  const page = { locked, whole, area: innerWidth * innerHeight };
  if (!best) return { pressed: null, page };
  best.button.click();
  return { pressed: best.label.slice(0, 60), page };
})()
