/* What choices came to: wins of each setting, and how often each metric's better side was the one that was picked. */

const outside = (value, [low, high]) =>
  Math.max(0, low === null ? 0 : low - value, high === null ? 0 : value - high);

/** 1 or 2: the side that the metric calls better; 0: alike to it; null: it cannot say. */
function betterSide(metric, one, two) {
  if (one === undefined || two === undefined || metric.better === "none") return null;
  if (metric.better === "band" && metric.target.every((end) => end === null)) return null;
  const fault = { higher: (value) => -value, lower: (value) => value, band: (value) => outside(value, metric.target) }[metric.better];
  const [first, second] = [fault(one), fault(two)];
  return first === second ? 0 : first < second ? 1 : 2;
}

const Votes = {
  /** The figures of a round: the same as `votes import` makes. */
  of(ballot) {
    const { data } = ballot;
    const made = ballot.pairs.filter((pair) => ballot.choices.has(pair.key)).map((pair) => ({ ...pair, ...ballot.choices.get(pair.key) }));
    const wins = data.settings.map((setting, at) => {
      const shown = made.flatMap((one) => one.cells.map((cell, side) => [cell, one.choice, side + 1])).filter(([cell]) => cell.setting === at);
      const count = (test) => shown.filter(([, choice, side]) => test(choice, side)).length;
      const won = count((choice, side) => choice === side), alike = count((choice) => choice === 0), lost = shown.length - won - alike;
      return shown.length ? [setting.name, won, lost, alike, ...wilson(won, won + lost)] : null;
    }).filter(Boolean);
    const ticks = data.settings.map((setting, at) => {
      const found = made.flatMap((one) => one.cells.flatMap((cell, side) => (cell.setting === at ? one.ticks[side] : [])));
      return [setting.name, Object.fromEntries(TICKS.map((tick) => [tick, found.filter((one) => one === tick).length]).filter(([, n]) => n))];
    }).filter(([, found]) => Object.keys(found).length);
    const metrics = data.metrics.filter((metric) => !metric.name.startsWith("cost/")).map((metric) => {
      const told = made.filter((one) => one.choice).map((one) =>
        [one.choice, betterSide(metric, ...one.cells.map((cell) => cell.values[metric.name]))]).filter(([, side]) => side);
      const agreed = told.filter(([choice, side]) => choice === side).length;
      return told.length ? [metric.name, agreed, told.length, ...wilson(agreed, told.length)] : null;
    }).filter(Boolean);
    return { choices: made.length, rounds: 1, wins, ticks, metrics };
  },

  share(count, n, low, high) {
    return n ? `${Math.round((100 * count) / n)} % (${Math.round(100 * low)} … ${Math.round(100 * high)})` : "–";
  },

  tables({ choices, rounds, wins, ticks, metrics }, note) {
    const { share } = Votes;
    return el("div", { class: "votes" }, el("p", {}, `${t("choices")}: ${choices} · ${t("rounds")}: ${rounds}`, note && ` · ${said(note)}`),
      wins.length ? table([[t("setting"), t("won"), t("lost"), t("noDifference"), t("shareWon")],
        ...wins.map(([name, won, lost, alike, low, high]) => [name, won, lost, alike, share(won, won + lost, low, high)])], "figures") : null,
      metrics.length ? table([[t("metric"), t("agrees"), t("ofPairs"), t("shareAgrees")],
        ...metrics.map(([name, agreed, n, low, high]) => [name, agreed, n, share(agreed, n, low, high)])], "figures agreement") : null,
      ticks.length ? table([[t("ticked"), ...TICKS.map((tick) => t("ticks")[tick])],
        ...ticks.map(([name, found]) => [name, ...TICKS.map((tick) => found[tick] || "")])], "figures") : null,
      el("p", { class: "under" }, t("votesUnder")));
  },
};
