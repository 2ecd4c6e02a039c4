/* The blind comparison: two videos of one clip and seed without names; the keys 1, 2 and 0 decide. */

class Blind {
  constructor(page, ballot) {
    this.page = page;
    this.ballot = ballot;
    this.base = false;
    this.swapped = false;      // in one place, swapped, instead of side by side
    this.front = 0;
    this.place = el("div");
    this.count = el("strong", { "aria-live": "polite" });
    this.progress = el("progress", { max: 1, value: 0, "aria-label": t("progress") });
    this.stage = el("div", { class: "blind-stage", tabindex: -1, role: "group", "aria-label": t("blind") });
    this.notes = el("div", { class: "blind-notes" });
    this.remark = el("input", { type: "text", maxlength: MOST_REMARK, "aria-label": t("remark"), autocomplete: "off",
      onkeydown: (event) => { if (event.key === "Enter") this.stage.focus(); } });
    const answer = (choice, key, text) => button([el("kbd", {}, key), ` ${text}`], text, () => this.choose(choice), { class: "answer" });
    this.dialog = el("dialog", { class: "blind", "aria-label": t("blind"), onclose: () => this.closed() },
      el("header", {}, this.count, this.progress,
        button([sign("sides"), " v"], t("inPlace"), () => this.turnMode()), button([sign("swap"), " x"], t("swapBlind"), () => this.swap()),
        button([sign("back"), " ⌫"], t("lastPair"), () => this.show(this.at - 1)), button(sign("close"), t("leave"), () => this.dialog.close())),
      this.stage, el("div", { class: "under-stage" }, playButton(page), ...timeline(page, `${t("blind")}: ${t("seconds")}`)), el("div", { class: "answers" }, answer(1, "1", t("better1")), answer(0, "0", t("noDifference")), answer(2, "2", t("better2"))),
      this.notes, el("label", { class: "remark" }, `${t("remark")} `, this.remark));
    document.body.append(this.dialog);
  }

  get open() {
    return this.dialog.open;
  }

  /** The part of the page around it. */
  draw() {
    const { ballot, page: { data, view } } = this;
    const names = view.settings.map((at) => data.settings[at].name);
    const based = names.includes(data.baseline) && names.length > 2;
    const count = ballot.paired({ settings: names, base: based && this.base }, "").length;
    const left = ballot.pairs.length - ballot.done;
    const start = [based && choice(t("pairs"), [["", t("allPairs")], ["base", t("withBase")]], this.base ? "base" : "",
      (one) => { this.base = one === "base"; this.draw(); }),
      count ? button(`${t("start")} (${count})`, t("start"), () => this.begin(names, based && this.base), { class: "start" }) : el("p", {}, t("noPairs"))];
    const going = ballot.round && [
      left && !ballot.revealed ? button(`${t("goOn")} (${ballot.done} ${t("of")} ${ballot.pairs.length})`, t("goOn"), () => this.show(ballot.next), { class: "go" }) : null,
      ballot.done && [button([sign("save"), ` ${t("save")}`], t("save"), () => { ballot.download(); this.draw(); }, { class: "save" }),
        !ballot.revealed && button(t("reveal"), t("reveal"), () => this.reveal(), { class: "reveal" })],
      button(t("another"), t("another"), () => this.again())];
    const copy = ballot.done ? el("details", {}, el("summary", {}, t("asText")),
      el("textarea", { readonly: true, rows: 8, "aria-label": t("asText"), onfocus: (event) => event.target.select() }, ballot.text())) : null;
    this.place.replaceChildren(...[el("p", {}, t("blindHow")), el("div", { class: "chooser" }, ballot.round ? going : start),
      ballot.round && el("p", { role: "status" }, `${ballot.done} ${t("of")} ${ballot.pairs.length} ${t("decided")}${ballot.saved ? "" : ` · ${t("unsaved")}`}`),
      copy, ballot.revealed && [el("h3", {}, t("thisRound")), Votes.tables(Votes.of(ballot), data.note)],
      data.votes && (ballot.revealed || !ballot.round) && el("details", { class: "imported" }, el("summary", {}, t("imported")), Votes.tables(data.votes, data.note))]
      .flat(Infinity).filter(Boolean));
  }

  begin(names, base) {
    this.ballot.start(names, base);
    this.show(0);
  }

  /** Drop a round; where its choices were not saved only when asked twice. */
  again() {
    if (!this.ballot.saved && !this.sure) {
      this.sure = true;
      this.page.say(t("sure"));
      return;
    }
    this.sure = false;
    this.ballot.clear();
    this.ballot.keep();
    this.draw();
    this.focus(".start");
  }

  reveal() {
    this.ballot.revealed = true;
    this.ballot.keep();
    this.draw();
    this.focus(".save");
  }

  focus(what) {
    const found = this.place.querySelector(what);
    if (found) found.focus();
  }

  /** One pair, as it was left where it has been decided already. */
  show(at) {
    const { ballot, page: { player } } = this;
    if (at < 0) return;
    if (at >= ballot.pairs.length) {
      this.dialog.close();
      return;
    }
    this.at = at;
    this.pair = ballot.pairs[at];
    const before = ballot.choices.get(this.pair.key);
    this.tracks = this.pair.cells.map((cell) => {
      const video = videoOf(cell, () => player.seek(player.time));
      video.addEventListener("contextmenu", (event) => event.preventDefault());  // its menu may name the file
      return { video, fps: cell.fps, seams: cell.seams };
    });
    this.stage.replaceChildren(...this.tracks.map(({ video }, side) => el("figure", { onclick: () => this.turn(side) },
      el("figcaption", {}, String(side + 1), sign("sound")), video)));
    this.ticks = [0, 1].map((side) => TICKS.map((tick) => el("input", { type: "checkbox", value: tick,
      "aria-label": `${side + 1}: ${t("ticks")[tick]}`, checked: Boolean(before && before.ticks[side].includes(tick)) })));
    this.notes.replaceChildren(...this.ticks.map((boxes, side) => el("fieldset", {}, el("legend", {}, `${side + 1}: ${t("tickHow")}`),
      boxes.map((box) => el("label", { class: "box" }, box, ` ${t("ticks")[box.value]}`)))));
    this.remark.value = before ? before.remark : "";
    this.count.textContent = `${at + 1} ${t("of")} ${ballot.pairs.length}`;
    this.progress.max = ballot.pairs.length;
    this.progress.value = ballot.done;
    for (const one of this.dialog.querySelectorAll(".answer")) {
      one.setAttribute("aria-pressed", String(Boolean(before) && one.firstChild.textContent === String(before.choice)));
    }
    if (!this.open) this.dialog.showModal();
    player.hold(this.tracks);
    this.turn(0);
    player.seek(0);
    player.play();
    this.stage.focus();
  }

  /** This one is heard and, in one place, seen. */
  turn(side) {
    this.front = side;
    [...this.stage.children].forEach((one, at) => one.classList.toggle("front", at === side));
    this.page.player.listen(this.tracks[side].video);
  }

  swap() {
    this.turn(1 - this.front);
  }

  turnMode() {
    this.swapped = !this.swapped;
    this.stage.classList.toggle("swapped", this.swapped);
  }

  choose(choice) {
    const ticks = this.ticks.map((boxes) => boxes.filter((box) => box.checked).map((box) => box.value));
    this.ballot.choose(this.pair, choice, ticks, this.remark.value);
    const { pairs, choices, next } = this.ballot;
    const after = pairs.findIndex((pair, at) => at > this.at && !choices.has(pair.key));
    this.show(after < 0 ? next : after);
  }

  get keys() {
    return { 1: () => this.choose(1), 2: () => this.choose(2), 0: () => this.choose(0), x: () => this.swap(), m: () => this.swap(),
      v: () => this.turnMode(), Backspace: () => this.show(this.at - 1) };
  }

  closed() {
    const { player, grid } = this.page;
    this.stage.replaceChildren();
    player.pause();
    player.hold(grid.tracks());
    this.sure = false;
    this.draw();
    this.focus(this.ballot.next < this.ballot.pairs.length ? ".go" : ".reveal");
  }
}
