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

class Grid {
  constructor(page) {
    this.page = page;
    this.videos = new Map();
    this.place = el("div", { class: "grid-place" });
  }

  /** The video of a cell, the same one each time. */
  video(cell) {
    if (!this.videos.has(cell.at)) {
      const { player } = this.page;
      this.videos.set(cell.at, videoOf(cell, () => player.seek(player.time)));
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
    const title = (one, isSetting) => (isSetting ? [markOf(one), name(one)] : one);
    const head = (...title) => el("th", { scope: "col" }, ...title);
    const grid = el("table", { class: "videos" },
      el("thead", {}, el("tr", {}, el("td"), across.map((one) => head(title(one, !view.swapped))))),
      el("tbody", {}, down.map((row) => el("tr", {}, el("th", { scope: "row" }, title(row, view.swapped)),
        across.map((column) => {
          const cell = view.swapped ? cellAt(row, column) : cellAt(column, row);
          return el("td", {}, cell ? this.tile(cell) : t("noVideo"));
        })))));
    this.place.replaceChildren(el("div", { class: "wide" }, grid));
    this.page.player.hold(this.tracks());
  }

  tile(cell) {
    const { page } = this, video = this.video(cell);
    const setting = page.data.settings[cell.setting];
    const label = `${setting.name}, ${cell.clip}`;
    const choose = () => page.focus(cell);
    const told = [cell.why && el("p", { class: "why" }, cell.why), cell.notHere && el("p", { class: "why" }, cell.notHere)];
    const tools = el("div", { class: "tools" },
      video && button(sign("sound"), t("sound"), () => page.player.listen(video)),
      button("A", t("asA"), () => page.pair.take("a", cell)),
      button("B", t("asB"), () => page.pair.take("b", cell)),
      cell.master && page.linked && el("a", { href: cell.master, title: t("open"), "aria-label": `${t("open")}: ${label}`, target: "_blank", rel: "noopener" }, sign("open")));
    const made = el("figure", { class: "tile", tabindex: 0, "data-cell": cell.at, "aria-label": label, onfocus: choose,
      onclick: choose, style: { "--colour": colourOf(cell.setting), "--edge": edgeOf(cell.setting), width: `${page.view.width}px` } },
      video || el("div", { class: "hole" }, t("noVideo")), ...told, tools,
      el("figcaption", {}, this.differing(setting), this.scores(cell)));
    return made;
  }

  differing(setting) {
    const names = this.page.data.parameters.filter((name) => name in setting.values);
    if (!names.length) return null;
    return el("dl", { class: "pairs", title: t("differs") }, names.map((name) =>
      [el("dt", {}, name), el("dd", {}, String(setting.values[name]))]));
  }

  scores(cell) {
    const { data } = this.page;
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
    const why = cell.missing[name] || t("missing");
    return el("div", { title: metric.says }, el("dt", {}, name),
      value === undefined ? el("dd", { class: "gone", title: why }, t("missing"), el("small", {}, why))
        : el("dd", {}, `${figure(value)} ${metric.unit}`, over && el("small", {}, over)));
  }
}
