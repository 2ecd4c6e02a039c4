/* One round of blind choices: its pairs in their order, what was chosen, and how it is kept and leaves the page. */

const TICKS = ["lips", "hands", "gaze", "teeth", "text", "other"];
const MOST_REMARK = 500;

class Ballot {
  constructor(data) {
    this.data = data;
    const names = hashed(JSON.stringify(data.settings.map((one) => one.name)));  // a page of fewer settings is another one
    this.key = `blind-votes/${data.sweep}/${data.mark}/${data.plan}/${names}`;
    this.clear();
    this.load();
  }

  clear() {
    this.round = null;         // 16 hex digits: the seed of every shuffle
    this.started = "";
    this.scope = { settings: [], base: false };
    this.pairs = [];
    this.choices = new Map();  // by the pair's key
    this.saved = true;
    this.revealed = false;
  }

  /** Begin: pairs of these settings, or of each of them with the baseline only. */
  start(settings, base, round = newRound()) {
    this.clear();
    Object.assign(this, { round, started: new Date().toISOString(), scope: { settings: [...settings], base } });
    this.pairs = this.paired(this.scope, round);
    this.keep();
  }

  /** All pairs of two different videos of the same clip and seed; order and sides by the round alone. */
  paired({ settings, base }, round) {
    const { data } = this, found = [];
    const cellOf = (setting, clip, seed) => data.cells.find((one) =>
      one.setting === setting && one.clip === clip && one.seed === seed && hasVideo(one));
    for (const clip of data.clips) for (const seed of data.seeds) {
      for (let one = 0; one < data.settings.length; one += 1) for (let two = one + 1; two < data.settings.length; two += 1) {
        const names = [one, two].map((at) => data.settings[at].name);
        if (!names.every((name) => settings.includes(name)) || (base && !names.includes(data.baseline))) continue;
        const cells = [one, two].map((at) => cellOf(at, clip, seed));
        if (!cells[0] || !cells[1] || cells[0].video === cells[1].video) continue;
        const key = JSON.stringify([clip, seed, ...names]);
        found.push({ key, clip, seed, cells: shuffled(cells, (cell) => cell.setting, `${round}\n${key}`) });
      }
    }
    return shuffled(found, (pair) => pair.key, round);
  }

  nameOf(cell) {
    return this.data.settings[cell.setting].name;
  }

  choose(pair, choice, ticks, remark) {
    this.choices.set(pair.key, { choice, ticks, remark: cleaned(remark), time: new Date().toISOString() });
    this.saved = false;
    this.keep();
  }

  get done() {
    return this.choices.size;
  }

  /** The first pair without a choice; as many as there are: none. */
  get next() {
    const at = this.pairs.findIndex((pair) => !this.choices.has(pair.key));
    return at < 0 ? this.pairs.length : at;
  }

  /** What leaves the page. */
  plain() {
    const { data } = this;
    const choices = this.pairs.filter((pair) => this.choices.has(pair.key)).map((pair) => ({
      clip: pair.clip, seed: pair.seed, shown: pair.cells.map((cell) => this.nameOf(cell)), ...this.choices.get(pair.key) }));
    return { format: "blind-votes", version: 1, sweep: data.sweep, mark: data.mark, plan: data.plan, language,
      round: this.round, started: this.started, saved: new Date().toISOString(), choices };
  }

  text() {
    return `${JSON.stringify(this.plain(), null, 1)}\n`;
  }

  /** As a file. A frame that forbids downloads leaves the text to copy. */
  download() {
    const address = URL.createObjectURL(new Blob([this.text()], { type: "application/json" }));
    const name = `votes-${this.data.sweep}-${this.round}.json`.replace(/[^\w.-]+/g, "_");
    const link = el("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
    this.saved = true;
  }

  /** In the browser's memory too, where it has one for this page. */
  keep() {
    const { round, started, scope, revealed } = this;
    try {
      localStorage.setItem(this.key, JSON.stringify({ round, started, scope, revealed, choices: [...this.choices] }));
    } catch { /* a sandboxed frame, a full or forbidden memory: the page itself still has them */ }
  }

  load() {
    try {
      const told = JSON.parse(localStorage.getItem(this.key));
      if (!told || !/^[0-9a-f]{16}$/.test(told.round) || !told.scope.settings.every((one) => typeof one === "string")) return;
      const pairs = this.paired({ settings: told.scope.settings, base: told.scope.base === true }, told.round);
      const known = new Set(pairs.map((pair) => pair.key));
      const whole = ([key, one]) => known.has(key) && [0, 1, 2].includes(one.choice) && !Number.isNaN(Date.parse(one.time))
        && one.ticks.length === 2 && one.ticks.every((side) => side.every((tick) => TICKS.includes(tick)));
      const choices = new Map(told.choices.filter(whole).map(([key, { choice, ticks, remark, time }]) =>
        [key, { choice, ticks, remark: cleaned(remark), time: String(time) }]));
      Object.assign(this, { round: told.round, started: String(told.started), scope: told.scope, pairs, choices,
        saved: choices.size === 0, revealed: told.revealed === true });
    } catch { /* nothing that this page wrote */ }
  }
}

/** A remark as the import takes it: one line, not too long. */
const cleaned = (text) => String(text ?? "").replace(/[\p{Cc}\p{Cs}]+/gu, " ").trim().slice(0, MOST_REMARK).replace(/[\ud800-\udbff]$/, "");
