/* The page: what is shown of the data, the bar that plays it, the keys. */

class Page {
  constructor(data) {
    this.data = data;
    data.cells.forEach((cell, at) => { cell.at = at; });
    const first = data.settings.map((_, at) => at);
    this.view = { settings: (data.first || first).slice(0, 12), clips: data.clips.slice(0, 1), seed: data.seeds[0],
      swapped: false, width: innerWidth < 700 ? 150 : 220, focus: null };
    this.player = new Player();
    this.linked = Boolean(data.beside) || location.protocol === "file:";  // elsewhere no original lies beside the page
    this.ballot = new Ballot(data);
    this.said = el("div", { role: "status", class: "said" });
    document.body.append(this.said);
    this.build();
    addEventListener("keydown", (event) => this.key(event));
    addEventListener("resize", () => this.curves.draw());
  }

  cell(setting, clip, seed) {
    return this.data.cells.find((one) => one.setting === setting && one.clip === clip && one.seed === seed);
  }

  shownCells() {
    const { settings, clips, seed } = this.view;
    return clips.flatMap((clip) => settings.map((setting) => this.cell(setting, clip, seed))).filter(Boolean);
  }

  /** Say something in a line that goes away by itself. */
  say(text) {
    this.said.textContent = text;
    clearTimeout(this.hush);
    this.hush = setTimeout(() => { this.said.textContent = ""; }, 4000);
  }

  /** The whole page anew, in the language that is set. */
  build() {
    const { data } = this, place = document.getElementById("page");
    this.player.watchers = [];
    document.documentElement.lang = language;
    if (this.pair) this.pair.dialog.remove();
    if (this.blind) this.blind.dialog.remove();
    this.pair = new Pair(this);
    this.blind = new Blind(this, this.ballot);
    this.sheet = new Sheet(this);
    this.grid = Object.assign(new Grid(this), this.grid ? { videos: this.grid.videos } : {});
    this.curves = new Curves(this);
    this.charts = new Charts(this);
    this.helped = el("dialog", { class: "help", "aria-label": t("help") }, el("h2", {}, t("help")), el("dl", { class: "pairs" },
      t("keys").map(([key, does]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)])),
      button(t("close"), t("close"), () => this.helped.close()));
    const parts = { story: Tables.story, gate: Tables.gate, search: Tables.search, figures: Tables.figures, cost: Tables.costs, failures: Tables.failures, notes: Tables.notes };
    const told = (id) => { const found = parts[id](this); return found && section(id, t(id), found); };
    const lost = data.cells.filter((one) => one.notHere);
    const why = [...new Set(lost.map((one) => one.notHere))].map((one) =>
      el("p", { class: "why" }, `${lost.filter((cell) => cell.notHere === one).length} × ${said(one)}`));
    const watched = data.form ? [section("videos", t("videos"), this.chooser(), this.grid.place),
      section("curves", t("curves"), this.curves.place), section("sheet", t("sheet"), this.sheet.place)] : [];
    const before = [told("story"), told("gate"), told("search"), !data.form && lost.length && section("videos", t("videos"), why)].filter(Boolean);
    const after = [data.form && section("blind", t("blind"), this.blind.place), told("figures"), section("charts", t("charts"), this.charts.place),
      told("cost"), told("failures"), told("notes"), section("stamp", t("stamp"), Tables.stamp(this))].filter(Boolean);
    place.replaceChildren(this.header([...before, ...watched, ...after]), ...before,
      ...(watched.length ? [el("div", {}, this.bar(), ...watched)] : []), ...after, this.helped);
    this.grid.draw();
    this.curves.draw();
    this.blind.draw();
    this.player.tell();
  }

  header(sections) {
    const { data } = this;
    return el("header", { class: "head" }, el("h1", {}, data.title),
      data.note && el("p", { class: "note", role: "note" }, said(data.note)),
      el("p", {}, el("small", {}, `${data.sweep} · ${moment(data.started)}`)),
      el("nav", { "aria-label": t("parts") }, sections.map((one) => el("a", { href: `#${one.id}`, onclick: (event) => jump(event, one) }, one.firstChild.textContent)),
        button(sign("theme"), t("theme"), () => this.theme()), button("?", t("help"), () => this.helped.showModal()),
        button(t("language"), t("language"), () => { language = language === "zh" ? "en" : "zh"; this.build(); })));
  }

  /** Dark where it was light, and the other way. */
  theme() {
    const dark = document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    document.documentElement.dataset.theme = dark === "dark" ? "light" : "dark";
    this.curves.draw();
    if (globalThis.Plotly) this.charts.draw();
  }

  bar() {
    const { player } = this;
    return el("div", { class: "bar" }, playButton(this), button(sign("seamBack"), t("seamBack"), () => player.seam(-1)),
      button(sign("back"), t("back"), () => player.step(-1)), button(sign("on"), t("on"), () => player.step(1)),
      button(sign("seamOn"), t("seamOn"), () => player.seam(1)), ...timeline(this, t("seconds")),
      choice(t("speed"), [0.25, 0.5, 1, 1.5].map((one) => [one, `${one}×`]), 1, (speed) => { player.speed = Number(speed); }));
  }

  chooser() {
    const { data, view } = this;
    const again = () => { this.grid.draw(); this.curves.draw(); this.sheet.wait(); this.blind.draw(); };
    const clip = choice(t("clip"), [...data.clips.map((one) => [one, one]), ...(data.clips.length > 1 ? [["\n", t("all")]] : [])],
      view.clips.length > 1 ? "\n" : view.clips[0], (one) => { view.clips = one === "\n" ? [...data.clips] : [one]; again(); });
    const seed = data.seeds.length > 1 && choice(t("seed"), data.seeds.map((one) => [one, one]), view.seed,
      (one) => { view.seed = data.seeds.find((seed) => String(seed) === one); again(); });
    const size = el("label", {}, `${t("size")} `, el("input", { type: "range", min: 100, max: 480, value: view.width,
      "aria-label": t("size"), oninput: (event) => {
        view.width = Number(event.target.value);
        this.grid.place.style.setProperty("--tile", `${view.width}px`);
      } }));
    const boxes = el("details", {}, el("summary", {}, `${t("settings")} (${view.settings.length} ${t("of")} ${data.settings.length})`),
      data.settings.map((one, at) => el("label", { class: "box" }, el("input", { type: "checkbox",
        checked: view.settings.includes(at), onchange: (event) => {
          view.settings = data.settings.map((_, k) => k).filter((k) => (k === at ? event.target.checked : view.settings.includes(k)));
          boxes.firstChild.textContent = `${t("settings")} (${view.settings.length} ${t("of")} ${data.settings.length})`;
          again();
        } }), one.name)));
    const form = data.form && el("small", {}, `${t("form")}: ${data.form === "masters" ? t("masters") : t("previews").replace("{}", /\d+/.exec(data.form))}. `,
      this.linked && t(data.beside ? "beside" : "linked"));
    return el("div", { class: "chooser" }, clip, seed, size, button(sign("swap"), t("swapAxes"), () => this.swapAxes()), boxes, form);
  }

  swapAxes() {
    this.view.swapped = !this.view.swapped;
    this.grid.draw();
  }

  focus(cell) {
    if (this.view.focus === cell) return;
    this.view.focus = cell;
    this.grid.mark();
    this.curves.draw();
  }

  key(event) {
    if (event.target.closest("input[type=text], select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
    const { player, view, pair, blind } = this, focus = view.focus || this.shownCells()[0];
    const playing = {
      " ": () => player.toggle(),
      ArrowLeft: () => (event.shiftKey ? player.seek(player.time - 1) : player.step(-1)),
      ArrowRight: () => (event.shiftKey ? player.seek(player.time + 1) : player.step(1)),
      "[": () => player.seam(-1),
      "]": () => player.seam(1),
    };
    const keys = { ...playing, ...(blind.open ? blind.keys : {
      m: () => focus && this.grid.video(focus) && player.listen(this.grid.video(focus)),
      a: () => focus && pair.take("a", focus),
      b: () => focus && pair.take("b", focus),
      x: () => pair.open && pair.swap(),
      g: () => this.swapAxes(),
      "?": () => this.helped.open || this.helped.showModal(),
    }) };
    if (event.key === " " && event.target.closest("button, summary, a, input")) return;
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }
}

/** To a part of the page: inside MLflow's frame no address may be followed, not even one within it. */
function jump(event, section) {
  if (beside) return;
  event.preventDefault();
  section.scrollIntoView();
}

globalThis.page = new Page(JSON.parse(document.getElementById("data").textContent));
