/* The grid of videos: settings one way, clips the other; what differs and what was measured under each. */

/** Whether the page can show a cell's video: it is embedded, or lies beside the page. */
const hasVideo = (cell) => Boolean(cell.file || document.getElementById(`video-${cell.video}`));

/** A blob's address for an embedded video, made when it is first shown; null where the page has none. */
const sources = new Map();
function sourceOf(cell) {
  if (cell.file) return cell.file;
  const kept = document.getElementById(`video-${cell.video}`);
  if (!kept) return null;
  if (!sources.has(cell.video)) {
    const bytes = Uint8Array.from(atob(kept.textContent), (sign) => sign.charCodeAt(0));
    sources.set(cell.video, URL.createObjectURL(new Blob([bytes], { type: "video/mp4" })));
  }
  return sources.get(cell.video);
}

/** A video of a cell, ready to be held by a player. */
function videoOf(cell, ready) {
  const source = sourceOf(cell);
  if (!source) return null;
  const video = el("video", { src: source, preload: "auto", playsinline: true, disablepictureinpicture: true, tabindex: -1 });
  video.muted = true;
  video.addEventListener("loadedmetadata", () => ready());
  return video;
}

const MOST_PARAMETERS = 4;

class Grid {
  constructor(page) {
    this.page = page;
    this.videos = new Map();
    this.place = el("div", { style: { "--tile": `${page.view.width}px` } });
    page.player.watch(({ heard }) => heard !== this.heard && this.mark());
  }

  /** Show which video is chosen, which is heard, which are A and B. */
  mark() {
    const { player, view, pair: { chosen } } = this.page;
    this.heard = player.heard;
    for (const tile of this.place.querySelectorAll(".tile")) {
      const cell = this.page.data.cells[tile.dataset.cell];
      tile.classList.toggle("chosen", cell === view.focus);
      const is = { listen: this.heard !== null && this.videos.get(cell.at) === this.heard, a: cell === chosen.a, b: cell === chosen.b };
      for (const one of tile.querySelectorAll("[data-does]")) one.setAttribute("aria-pressed", is[one.dataset.does]);
    }
  }

  /** The video of a cell, the same one each time. */
  video(cell) {
    if (!this.videos.has(cell.at)) {
      const { player } = this.page;
      const video = videoOf(cell, () => player.seek(player.time));
      if (video) video.addEventListener("seeked", () => this.page.curves.look());
      this.videos.set(cell.at, video);
    }
    return this.videos.get(cell.at);
  }

  /** The tracks of the videos that are shown. */
  tracks() {
    return this.page.shownCells().map((cell) => ({ cell, video: this.video(cell), fps: cell.fps, seams: cell.seams }))
      .filter((one) => one.video);
  }

  draw() {
    const { data, view } = this.page;
    const settings = view.settings, clips = view.clips;
    const cellAt = (setting, clip) => this.page.cell(setting, clip, view.seed);
    const name = (setting) => data.settings[setting].name + (data.settings[setting].name === data.baseline ? " ★" : "");
    const [across, down] = view.swapped ? [clips, settings] : [settings, clips];
    const title = (one, isSetting) => el("div", {}, isSetting ? [markOf(one), soft(name(one))] : one);
    const head = (title) => el("th", { scope: "col" }, title);
    const grid = el("table", { class: "videos" },
      el("thead", {}, el("tr", {}, el("td"), across.map((one) => head(title(one, !view.swapped))))),
      el("tbody", {}, down.map((row) => el("tr", {}, el("th", { scope: "row" }, title(row, view.swapped)),
        across.map((column) => {
          const cell = view.swapped ? cellAt(row, column) : cellAt(column, row);
          return el("td", {}, cell ? this.tile(cell) : t("noVideo"));
        })))));
    this.place.replaceChildren(el("div", { class: "wide" }, grid));
    this.page.player.hold(this.tracks());
    this.mark();
  }

  tile(cell) {
    const { page } = this, video = this.video(cell);
    const setting = page.data.settings[cell.setting];
    const label = `${setting.name}, ${cell.clip}`;
    const choose = () => page.focus(cell);
    const told = [cell.why && el("p", { class: "why" }, said(cell.why)), cell.notHere && el("p", { class: "why" }, said(cell.notHere))];
    const tools = el("div", { class: "tools" },
      video && button(sign("sound"), t("sound"), () => page.player.listen(video), { "data-does": "listen" }),
      video && button("A", t("asA"), () => page.pair.take("a", cell), { "data-does": "a" }),
      video && button("B", t("asB"), () => page.pair.take("b", cell), { "data-does": "b" }),
      cell.master && page.linked && el("a", { href: cell.master, title: t("open"), "aria-label": `${t("open")}: ${label}`, target: "_blank", rel: "noopener" }, sign("open")));
    const made = el("figure", { class: "tile", tabindex: 0, "data-cell": cell.at, "aria-label": label, onfocus: choose,
      onclick: choose, style: { "--colour": colourOf(cell.setting), "--edge": edgeOf(cell.setting) } },
      video || el("div", { class: "hole" }, t("noVideo")), ...told, tools,
      el("figcaption", {}, this.differing(setting), this.scores(cell)));
    return made;
  }

  /** What a setting has otherwise than the baseline; the baseline itself: whatever others change. The rest is folded. */
  differing(setting) {
    const { data } = this.page, base = data.settings.find((one) => one.name === data.baseline) || setting;
    const names = data.parameters.filter((name) => name in setting.values);
    const own = base === setting ? names.slice(0, MOST_PARAMETERS) : names.filter((name) => setting.values[name] !== base.values[name]);
    const list = (some) => el("dl", { class: "pairs", title: t("differs") }, some.map((name) =>
      [el("dt", {}, soft(name)), el("dd", {}, soft(setting.values[name]))]));
    const rest = names.filter((name) => !own.includes(name));
    return [own.length ? list(own) : null, rest.length ? el("details", {}, el("summary", {}, t("alike")), list(rest)) : null];
  }

  scores(cell) {
    const { data } = this.page;
    if (!Object.keys(cell.values).length && cell.why) return null;  // which stands there once
    const has = (name) => name in cell.values || this.page.shownCells().some((one) => name in one.values);
    const names = data.metrics.map((one) => one.name);
    const list = (some) => el("dl", { class: "scores" }, some.map((name) => this.score(cell, name)));
    const rest = names.filter((name) => !data.headline.includes(name) || !has(name));
    const fold = el("details", {}, el("summary", {}, t("more")));
    fold.addEventListener("toggle", () => fold.open && fold.childElementCount < 2 && fold.append(list(rest)));
    return [list(data.headline.filter(has)), rest.length ? fold : null];
  }

  /** One figure of a cell, with its setting's mean over clips where there are several. */
  score(cell, name) {
    const { data } = this.page, value = cell.values[name];
    const metric = data.metrics.find((one) => one.name === name);
    const mean = (data.summary[name] || [])[cell.setting];
    const half = mean && mean.low !== null ? ` ±${rough((mean.high - mean.low) / 2)}` : "";
    const over = mean && mean.of > 1 ? `${t("mean")} ${figure(mean.mean)}${half} (${mean.n}/${mean.of})` : "";
    const why = cell.missing[name] ? said(cell.missing[name]) : t("missing");
    return el("div", { title: metric.says }, el("dt", {}, soft(name)),
      value === undefined ? el("dd", { class: "gone", title: why }, t("missing"), el("small", {}, why))
        : el("dd", {}, `${figure(value)} ${metric.unit}`, over && el("small", {}, over)));
  }
}
