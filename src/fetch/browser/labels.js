// Ranks what a button of a consent dialogue says, the most sparing first: 0 says no, 3 says yes
// to all; -1 is nothing that we know.
(() => {
  const any = (...words) => new RegExp(words.join("|"), "i");
  // The most sparing first. Where a word for "no" holds one for "yes", the first one counts.
  const LABELS = [
    any(
      "^(?:reject|decline|refuse|deny|disagree)\\b", "\\b(?:reject|decline|refuse|deny) (?:all|cookies|non)",
      "\\b(?:do not|don['’]t|not) (?:accept|agree|allow|consent)\\b",
      "(?:only|strictly|just)\\b.*\\b(?:necessary|essential|required)", "(?:necessary|essential|required)(?: cookies)? only",
      "continue without", "^ablehnen|alle ablehnen|nur (?:unbedingt |technisch )?(?:notwendige|erforderliche|essenzielle)|stimme nicht zu|nicht (?:zustimmen|einverstanden)",
      "refuser|sans accepter|n['’]accepte pas|ne pas accepter", "rechazar|s[oó]lo (?:las )?(?:necesarias|esenciales)|no acept",
      "rifiuta|solo necessari|continua senza|non accett", "weiger|alleen noodzakelijk", "recusar|rejeitar|(?:apenas|s[oó]) (?:os )?(?:necess|essenc)|não aceit",
      "rebutja", "odrzu[cć]|tylko niezb|nie (?:zgadzam|wyrażam)", "odmítn|(?:jen|pouze) (?:nezbytn|nutn)|nesouhlas",
      "odmietn|(?:len|iba) nevyhnutn|nesúhlas", "elutas|csak a szükséges", "respinge|refuz|doar (?:cele )?(?:strict )?necesar",
      "откаж|отхвърл|само необходим", "отклон|отказ(?! от (?:ответств|отговорн|гарант))|отверг|только необходим", "відхил|відмов(?!а від відповід)|(?:лише|тільки) (?:необхідн|обов)",
      "odbij|samo (?:nužn|neophodn)|одбиј", "zavrni|samo nujn", "απ[οό]ρρ[ιί]|μόνο (?:τα )?(?:απαραίτητ|αναγκαί)", "reddet|(?:sadece|yalnızca) (?:gerekli|zorunlu)",
      "avvisa|neka alla|endast nödvändig", "afvis|kun nødvendige", "avvis|avsl[aå]|bare nødvendige", "hylk|vain välttämät",
      "atmesti|atsisak|tik būtin", "noraid|tikai nepieciešam", "keeldu|ainult vajalik", "拒否|必要な.*のみ", "거부|필수.*만", "拒绝|拒絕|[仅僅]必要",
      "رفض", "דחה|דחייה|סירוב", "tolak", "ปฏิเสธ", "từ chối",
    ),
    any(
      "\\b(?:save|confirm)\\b.*\\b(?:exit|choices?|selection|settings|preferences)\\b",
      "^(?:save|confirm|speichern|auswahl (?:speichern|bestätigen)|enregistrer|guardar|salva|opslaan|zapisz|spara|gem|lagre|tallenna)(?![a-zà-ž])",
      "^(?:uložit|uložiť|mentés|salvați|запази|сохранить|зберегти|αποθήκευση|kaydet|išsaugoti|saglabāt|salvesta|spremi|shrani|保存|저장)",
    ),
    /^(?:close|dismiss|×|✕|x|schlie(?:ß|ss)en|fermer|cerrar|chiudi|sluiten|fechar|zamknij|zavřít|zavrieť|bezárás|închide|затвори|закрыть|закрити|κλείσιμο|kapat|stäng|luk|lukk|sulje|uždaryti|aizvērt|sulge|zatvori|zapri|閉じる|닫기|关闭|關閉)$/i,
    any(
      "\\b(?:accept|agree|allow|consent|got it|understand|continue|ok(?:ay)?)\\b", "akzeptier|zustimm|einverstanden|verstanden",
      "accepter|j['’]accepte|d['’]accord", "aceptar|acepto", "accett", "akkoord|accepte(?:ren|er(?!en))", "aceitar|aceito", "accept[aăo]", "akceptuj|zgadzam",
      "přijmout|přijímám|souhlasím", "prijať|súhlasím", "elfogad", "прием|съглас", "принять|принима|соглас|разреш", "прийня|прийма|погодж|дозвол",
      "prihva[tć]|прихва", "sprejm|strinjam", "αποδοχή|αποδέχ|συμφων", "kabul", "godk[aä]nn|acceptera", "godta|godkjenn|tillad", "hyv[aä]ksy",
      "sutink|priimti", "piekr[iī]t|pieņem", "nõustu", "同意|許可", "동의|허용|수락", "接受|允许", "قبول|موافق|أوافق|أقبل", "מסכים|קבל|אישור", "setuju|terima(?! kasih)", "ยอมรับ", "chấp nhận|đồng ý",
    ),
    any(
      "^(?:more|show|manage|customi[sz]e|cookie)\\b.*\\b(?:options|choices|settings|preferences|cookies)\\b",
      "^(?:settings|preferences|options|einstellungen|mehr optionen|paramétrer|personnaliser|configurar|personalizza|instellingen)(?![a-zà-ž])",
      "^(?:ustawienia|nastavení|nastavenia|beállítás|setări|настройк|налаштув|ρυθμίσεις|ayarlar|inställningar|indstillinger|innstillinger|asetukset|設定|설정|设置)",
    ),
  ];
  // "Yes" with a word or a syllable for "no", which every language puts in another place.
  const NEGATED = new RegExp([
    "\\bdisagree\\b|\\bcannot accept", "nicht (?:allen? )?(?:zustimm|akzeptier|einverstanden|annehm|erlaub|zulass)|(?:akzeptiere|erlaube|stimme) (?:\\p{L}+ )?nicht",
    "(?<!\\p{L})ne (?:pas )?(?:accept|consen|autoris)|n['’]autorise|pas d['’]accord|je refuse", "(?<!\\p{L})no (?:acept|permit|consient|autori[cz]|estoy de acuerdo)",
    "(?<!\\p{L})non (?:accett|acconsent|consent|autoriz|sono d['’]accordo)", "(?<!\\p{L})n[ãa]o (?:aceit|concord|permit|consint|autoriz)", "(?<!\\p{L})no (?:accept|permet|hi estic d['’]acord)",
    "(?<!\\p{L})niet (?:alles? )?(?:akkoord|accept|toest|instem)|(?:accepteer|sta) (?:\\p{L}+ )?niet", "(?<!\\p{L})nie (?:akcept|zgadzam|zezwal|pozwal|wyrażam)",
    "(?<!\\p{L})(?:nepřij|nesouhlas|nepovol|neprij|nesúhlas|neakcept)", "(?<!\\p{L})nem (?:fogad|járul|egyez|enged)", "(?<!\\p{L})nu (?:accept(?!er)|permit|consimt|sunt de acord)",
    "(?<!\\p{L})не (?:съм |сам |се |се )?(?:при(?:ем|йм|йня|нима|нять|хват)|съглас|соглас|сагласн|слаж|разреш|позвол|погодж|згод|дозвол|даю|давам)", "(?:несоглас|незгод)",
    "(?<!\\p{L})(?:δεν|μην?) (?:αποδ[εέ]χ|αποδοχ|συμφων|επιτρ[εέ]π|συναιν)", "kabul etm(?:[iİ]yor|eden|em|e(?!\\p{L}))|[iİ]zin verm(?:[iİ]yor|eden|e(?!\\p{L}))|onay(?:lamıyor| verm[iİ]yor)",
    "(?<!\\p{L})(?:nesutink|nesutik|nepriim|neleis)", "(?<!\\p{L})(?:nepiekr|nepieņem|neatļau)", "(?<!\\p{L})(?:ei|ära) (?:nõustu|luba|aktsepteeri)",
    "(?<!\\p{L})ne (?:se )?(?:prihva|slažem|pristajem|dopušt|dozvol|sprejm|strinjam|dovol)", "(?<!\\p{L})(?:inte|ikke|ikkje) (?:godk|godta|accept|aksept|till|samty|enig)",
    "(?:godk|godta|accept|aksept|till[aå]|samty)\\p{L}* (?:alle? |alla |cookies |kakor )?(?:inte|ikke|ikkje)(?!\\p{L})", "(?<!\\p{L})(?:en|ei|älä) (?:hyväksy|hyvaksy|suostu|salli)",
    "(?:同意|許可|承諾|承認|許諾)(?:し(?:ない|ません)|でき(?:ない|ません)|せず)|受け入れ(?:ない|ません)", "不(?:同意|接受|允许|允許|许可|許可)", "(?:동의|허용|수락|승인) ?(?:하지|안 ?[함해]|않)|[미비]동의",
    "غير موافق|لا [أا](?:وافق|قبل)|لست موافق|عدم (?:ال)?(?:مواف|قبول|سماح)", "(?:לא|אינני|איני) (?:מסכי|מאשר|מקבל)", "(?<!\\p{L})(?:tidak|jangan|tak) (?:\\p{L}+ )?(?:setuju|bersetuju|menyetujui|terima|menerima|izin)",
    "không (?:đồng ý|chấp nhận|cho phép)", "ไม่ ?(?:ยอมรับ|ยินยอม|อนุญาต|ตกลง|เห็นด้วย)",
  ].join("|"), "iu");
  // What is not needed is asked for or turned down by the words around it: "not" is not for them.
  const NEEDED = "(?:strictly |unbedingt |strikt |strengt |strictement |estrictamente )?(?:necessary|essential|required|notwendig|erforderlich|essen[tz]iel|nécessair|necesari|esencial|" +
    "necessari|essenzial|necess[áa]ri|essencia|necessàri|noodzakelijk|nødvendig|nödvändig|niezbędn|nezbytn|nutn|nevyhnutn|necesar|необходим|обязательн|απαρα[ίι]τητ|αναγκα[ίι])\\p{L}*";
  const UNNEEDED = new RegExp(
    "(?<!\\p{L})(?:non|not|nicht|no|n[ãa]o|niet|ikke|icke|inte|ikkje|nie|ne|не|μη)[ -]?" + NEEDED + "|(?<!\\p{L})(?:un(?:necessary|essential)|unnötig\\p{L}*)", "giu");
  return (said) => {
    const label = said.normalize("NFC").replace(UNNEEDED, " ").replace(/\s+/g, " ").trim();
    return NEGATED.test(label) ? 0 : LABELS.findIndex((pattern) => pattern.test(label));
  };
})()
