/* The contact sheet: frames of the shown clip's videos, one row a setting, drawn when they come into sight, or by the
   button. */

const SEAMS = 3;
const PATIENCE_MS = 8000;

/** The next `name` of a video, or false where it does not come. */
const happens = (video, name) => new Promise((done) => {
  const late = setTimeout(() => done(false), PATIENCE_MS);
  const end = (fine) => { clearTimeout(late); done(fine); };
  video.addEventListener(name, () => end(true), { once: true });
  video.addEventListener("error", () => end(false), { once: true });
});

class Sheet {
  constructor(page) {
    this.page = page;
    this.moments = 6;
    this.turn = 0;
    this.shown = el("div", { "aria-live": "polite" });
    this.place = el("div", {}, el("div", { class: "chooser" },
      choice(t("moments"), [4, 6, 8, 12].map((one) => [one, one]), this.moments, (count) => { this.moments = Number(count); }),
      button(t("draw"), t("drawSheet"), () => this.draw(), { class: "draw" })), this.shown);
    this.wait();
  }

  /** Draw when it is looked at next; what was drawn of other videos goes. */
  wait() {
    const turn = this.turn += 1;
    this.shown.replaceChildren();
    delete this.shown.dataset.drawn;
    whenSeen(this.place, () => turn === this.turn && this.draw());
  }

  /** Rows one after the other; a second press begins anew. */
  async draw() {
    const { page, page: { view, data } } = this, turn = this.turn += 1;
    const cells = view.settings.map((setting) => page.cell(setting, view.clips[0], view.seed)).filter((cell) => cell && hasVideo(cell));
    if (!cells.length) return this.shown.replaceChildren(el("p", {}, t("noVideo")));
    delete this.shown.dataset.drawn;
    const body = el("tbody"), long = Math.max(...cells.map((cell) => (cell.frames || 0) / (cell.fps || 25)));
    this.shown.replaceChildren(el("h3", {}, `${cells[0].clip} · ${t("seed")} ${cells[0].seed}`, data.note && ` · ${said(data.note)}`),
      el("div", { class: "wide" }, el("table", { class: "sheet" }, body)));
    for (const cell of cells) {
      const video = videoOf(cell, () => {}), came = happens(video, "loadeddata");
      const row = el("tr", {}, el("th", { scope: "row" }, markOf(cell.setting), data.settings[cell.setting].name));
      body.append(row);
      if (!await came) row.append(el("td", {}, t("noFrame")));
      for (const shot of video.readyState > 1 ? this.shots(cell, long || video.duration) : []) {
        const made = await this.shot(cell, video, shot);
        if (turn !== this.turn) break;
        row.append(made);
      }
      video.removeAttribute("src");
      video.load();
      if (turn !== this.turn) return undefined;
    }
    this.shown.dataset.drawn = cells.length;
    return undefined;
  }

  /** Moments that all rows have in common, first and last too, then the first frames of some windows of its own. */
  shots(cell, long) {
    const fps = cell.fps || 25, last = Math.max(0, long - 1 / fps);
    const spread = Array.from({ length: this.moments }, (_, at) => ({ time: (last * at) / (this.moments - 1), seam: false }));
    const seams = (cell.seams || []).filter((one) => one > 0 && one / fps < long);
    const some = seams.length > SEAMS ? [seams[0], seams[Math.floor(seams.length / 2)], seams[seams.length - 1]] : seams;
    return [...spread, ...some.map((frame) => ({ time: frame / fps, seam: true }))];
  }

  async shot(cell, video, { time, seam }) {
    const middle = time + 0.5 / (cell.fps || 25), within = time < video.duration;
    const came = happens(video, "seeked");
    video.currentTime = Math.min(middle, Math.max(0, video.duration - 1e-3));
    const fine = await came && within;
    const said = `${time.toFixed(2)} s${seam ? ` ${t("seam")}` : ""}`;
    if (!fine) return el("td", {}, el("small", {}, `${said}: ${t("noFrame")}`));
    const scale = devicePixelRatio || 1, width = 110, height = (width * video.videoHeight) / video.videoWidth;
    const canvas = el("canvas", { width: Math.round(width * scale), height: Math.round(height * scale) });
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    const name = this.page.data.settings[cell.setting].name;
    return el("td", {}, button([canvas, el("small", {}, said)], `${name}, ${said}`, () => {
      this.page.player.pause();
      this.page.player.seek(middle);
    }, { class: seam ? "shot at-seam" : "shot" }));
  }
}
