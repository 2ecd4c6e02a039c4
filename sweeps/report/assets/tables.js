/* Everything that is better read than looked at: figures, cost, failures, plan and stamps, a search's rows. */

const Tables = {
  /** The summary as the terminal has it: one row a setting. */
  figures({ data }) {
    const head = [t("setting"), t("clips"), ...data.table.columns.map(([name, unit, doubt]) =>
      `${name}${unit ? ` (${unit})` : ""}${doubt ? ` (${doubt})` : ""}`)];
    const named = (name) => name === "(real footage)" ? said(name) : name.replace(/ \(baseline\)$/, ` (${t("baseline")})`);
    const rows = data.table.rows.map(([name, clips, entries]) => [named(name), clips, ...entries.map((lines) => lines.map((line) => said(line)))]);
    return [table([head, ...rows], "figures"), ...data.table.under.filter(Boolean).map((line) => el("p", { class: "under" }, said(line)))];
  },

  /** What a comparison with the baseline came to. */
  gate({ data: { gate } }) {
    if (!gate) return null;
    const rows = gate.rows.map((row) => [...row.slice(0, -1), said(row.at(-1))]);
    const [candidate, base] = gate.sides;
    return [el("p", {}, `${candidate} ${t("against")} ${base}`, gate.note && ` · ${said(gate.note)}`), el("p", { class: gate.bad ? "red" : "" }, el("strong", {}, said(gate.conclusion))),
      table([gate.head.map((one) => said(one)), ...rows], "figures"), gate.under.map((line) => el("p", { class: "under" }, said(line)))];
  },

  /** The tuning history, verdict by verdict; what a variant changed stands at its first, what was said in the page's language. */
  story({ data: { story } }) {
    if (!story) return null;
    const rows = story.rows.map(([variant, changed, history, ...rest], at) => {
      const again = at && String(story.rows[at - 1].slice(0, 2)) === String([variant, changed]);
      const cells = [variant, again ? ["″"] : changed, language === "zh" ? history.slice(-1) : history, ...rest];
      return cells.map((cell) => cell.map((line) => said(line)));
    });
    return [story.note && el("p", { class: "note" }, said(story.note)), table([story.head.map((one) => said(one)), ...rows], "story"),
      story.under.map((line) => el("p", { class: "under" }, said(line)))];
  },

  costs({ data }) {
    if (!data.costs.rows.length) return null;
    const rows = data.costs.rows.map(([name, done, cold, means]) => [name, cold ? `${done} (${cold} ${t("cold")})` : done,
      ...means.map(([mean, n]) => (n === 1 && done > 1 ? `${mean} (${t("one")})` : mean))]);
    return [table([[t("setting"), t("renders"), ...data.costs.columns.map(([name, unit]) => `${name} (${unit})`)], ...rows], "figures"),
      el("p", { class: "under" }, t("costUnder"))];
  },

  failures({ data }) {
    return data.failures.length ? el("ul", {}, data.failures.map((line) => el("li", {}, said(line)))) : null;
  },

  notes({ data }) {
    return data.notes.length ? el("ul", {}, data.notes.map((line) => el("li", {}, said(line)))) : null;
  },

  /** What is known of plan and environment, as it lies in the record. */
  stamp({ data }) {
    const there = (value) => value !== null && value !== "" && (typeof value !== "object" || Object.keys(value).length);
    const facts = Object.entries({ plan: data.plan, started: moment(data.started), ...data.stamp }).filter(([, value]) => there(value));
    return [
      el("dl", { class: "pairs" }, facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, fact(name, value))])),
      data.config && el("details", {}, el("summary", {}, t("config")), el("pre", {}, data.config)),
    ];
  },

  /** A search: its best rows first, what is to be said of it, which parameters mattered. */
  search({ data }) {
    const { search } = data;
    if (!search) return null;
    const bars = Object.entries(search.importance).filter(([, found]) => found.length).map(([aim, found]) => [
      el("h4", {}, `${aim} · ${search.evaluator}`),
      el("div", { class: "bars" }, found.map(([name, share, low, high]) => [
        el("span", {}, name),
        el("span", { class: "bar", title: `${figure(100 * low)} … ${figure(100 * high)} %`, style: {
          "--share": `${100 * share}%`, "--low": `${100 * low}%`, "--high": `${100 * high}%` } }),
        el("span", {}, `${figure(100 * share)} % (${figure(100 * low)} … ${figure(100 * high)})`)]))]);
    return [table([search.head, ...search.rows], "figures"),
      el("ul", {}, search.lines.map(([weight, line]) => el("li", { class: weight }, line))),
      bars.length ? [el("h3", {}, t("importance")), bars] : null];
  },
};

/** A moment as one says it. */
const moment = (text) => `${new Date(text).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** A fact of the record in words: memory in GiB, what is inside another one after one. */
function fact(name, value) {
  if (value === null) return t("unknown");
  if (typeof value === "number" && /_total$/.test(name)) return `${figure(value / 2 ** 30)} GiB`;
  if (typeof value !== "object") return String(value);
  return Object.entries(value).map(([key, one]) => (Array.isArray(value) ? fact("", one) : `${key}: ${fact(key, one)}`)).join(" · ");
}
